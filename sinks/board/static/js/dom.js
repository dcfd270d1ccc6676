/** Making elements: text only, never markup, so that a queue's name can't be more than a name. */

/**
 * @param {string} name tag, with classes after dots: "p.soft"
 * @param {Record<string, unknown>} [given] attributes; `on…` are listeners
 * @param {...(Node|string|null|undefined|false)} inside
 */
export function el(name, given = {}, ...inside) {
  const [tag, ...classes] = name.split(".");
  const made = document.createElement(tag);
  if (classes.length) made.className = classes.join(" ");
  for (const [key, value] of Object.entries(given)) {
    if (value === null || value === undefined || value === false) continue;
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else if (key === "class") made.classList.add(...String(value).split(" ").filter(Boolean));
    else made.setAttribute(key, value === true ? "" : String(value));
  }
  made.append(...inside.flat().filter((each) => each !== null && each !== undefined && each !== false && each !== ""));
  return made;
}

/** An element of a drawing. */
export function svg(name, given = {}, ...inside) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(given)) made.setAttribute(key, String(value));
  made.append(...inside);
  return made;
}

/** Put these in place of what is there, keeping the focus on what has the same `data-key`. */
export function show(where, ...what) {
  const key = where.contains(document.activeElement) ? document.activeElement.dataset.key : null;
  where.replaceChildren(...what.flat().filter(Boolean));
  if (key) where.querySelector(`[data-key="${CSS.escape(key)}"]`)?.focus();
}

/** Ask the board; throws an Error with `says`, `code` and `remedy`. */
export async function ask(path, options = {}) {
  const body = options.body === undefined ? undefined : JSON.stringify(options.body);
  const headers = { "X-Watchfloor": "board", "Content-Type": "application/json" };
  const method = options.method ?? (body ? "POST" : "GET");
  const found = await fetch(path, { method, body, headers: method === "GET" ? {} : headers });
  const answer = await found.json().catch(() => ({}));
  if (found.ok) return answer;
  const error = answer.error ?? { code: "unknown", says: `The board answered ${found.status}.`, remedy: "" };
  throw Object.assign(new Error(error.says), error);
}
