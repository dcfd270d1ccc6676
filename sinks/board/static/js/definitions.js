/** What every number means, and runbooks. */

import { copyable } from "./alerts.js";
import { ask, el, show } from "./dom.js";

/** All metrics, or one of them with its SQL. */
export async function definitionsPage(page, definitions, id, place) {
  const one = id ? definitions.get(id) : null;
  if (id && !one) throw new Error(`There is no metric ${id}.`);
  if (!one) {
    show(page, el("h1", {}, "Definitions"), el("p.soft", {}, "Each metric is declared once; the board, the alerts and SQL read the same declaration."),
      el("div.scroll", {}, el("table", {}, el("thead", {}, el("tr", {}, ...["Metric", "Unit", "Formula"].map((name) => el("th.left", { scope: "col" }, name)))),
        el("tbody", {}, ...[...definitions.values()].map((each) => el("tr", {}, el("td", {}, el("a", { href: `/definitions/${each.id}` }, each.title)), el("td.left", {}, each.unit), el("td.left", {}, each.formula)))))));
    return;
  }
  const rows = [["Formula", one.formula], ["Unit", one.unit], ["Better", one.direction.replaceAll("_", " ")], ["Interval", one.interval], ["Needs", one.needs.join(", ")], ["Fewest observations", one.min_n],
    ["Source", one.source], ["Caveat", one.caveat], ["Version", one.version], ["Groups by", one.dimensions.join(", ")]];
  const sql = el("section");
  show(page, el("h1", {}, one.title), el("dl.facts", {}, ...rows.filter(([, value]) => value !== "" && value !== null && value !== undefined).flatMap(([name, value]) => [el("dt", {}, name), el("dd", {}, String(value))])), sql,
    el("p", {}, el("a", { href: "/definitions" }, "All definitions")));
  const query = new URLSearchParams({ place: place ?? "all", metric: one.id, window: "1h" });
  const found = await ask(`/api/sql?${query}`).catch((error) => ({ note: error.message }));
  show(sql, found.sql ? copyable("As SQL, over the last hour", found.sql, "h2") : "", el("p.soft", {}, found.note ?? ""));
}

/** A runbook, block by block. */
export async function runbookPage(page, name) {
  const { title, blocks } = await ask(`/api/runbooks/${encodeURIComponent(name)}`);
  show(page, el("article.card", {}, el("h1", {}, title), ...blocks.filter((each, at) => at || each.kind !== "heading" || each.text !== title).map(block)));
}

function block(given) {
  switch (given.kind) {
    case "heading": return el("h2", {}, given.text);
    case "list": return el(given.ordered ? "ol" : "ul", {}, ...given.items.map((item) => el("li", {}, ...marked(item))));
    case "code": return el("pre", { tabindex: "0" }, given.text);
    case "table": return el("div.scroll", {}, el("table", {}, el("thead", {}, el("tr", {}, ...given.head.map((text) => el("th.left", {}, text)))),
      el("tbody", {}, ...given.rows.map((row) => el("tr", {}, ...row.map((text) => el("td.left", {}, ...marked(text))))))));
    default: return el("p", {}, ...marked(given.text));
  }
}

/** `code` and **bold** of a runbook's text. */
function marked(text) {
  return text.split(/(`[^`]+`|\*\*[^*]+\*\*)/).map((part) => part.startsWith("`") ? el("code", {}, part.slice(1, -1)) : part.startsWith("**") ? el("b", {}, part.slice(2, -2)) : part);
}
