/** Which page is shown, who looks, and what stopped. */

import { alertPage, alertsPage } from "./alerts.js";
import { definitionsPage, runbookPage } from "./definitions.js";
import { ask, el, show } from "./dom.js";
import { Floor } from "./floor.js";
import { moment, span } from "./format.js";
import { Live } from "./live.js";

const page = document.getElementById("page");
const PLACES = new Set(["/", "/queue", "/team", "/site", "/project", "/person"]);
const NAV = [["/", "Floor"], ["/alerts", "Alerts"], ["/definitions", "Definitions"]];
const TV_EVERY_MS = 15_000;

let me = null, definitions = new Map(), floor = null, paused = false;

const address = {
  get query() { return new URLSearchParams(location.search); },
  with(changes) {
    const query = this.query;
    for (const [key, value] of Object.entries(changes)) query.set(key, value);
    go(`${location.pathname}?${query}`);
  },
};

const live = new Live((state) => { status(state); if (floor && !paused) floor.draw(state); }, announce);

function announce({ alert, transition }) {
  document.getElementById("said").textContent = `${transition}: ${alert.rule}. ${alert.summary}`;
}

/** Age, and in words what stopped, since when, and what to do. */
function status(state) {
  const silent = live.silentSince !== null;
  const stale = silent || !state.live;
  document.body.classList.toggle("stale", stale);
  const age = silent ? Date.now() - live.silentSince + state.age_ms : state.age_ms;
  document.getElementById("age").textContent = `${stale ? "■ " : "● "}data is ${span(Math.max(0, age) / 1000)} old${paused ? ", paused" : ""}`;
  const bar = document.getElementById("health");
  const troubled = (state.health?.parts ?? []).filter((part) => part.state === "stopped" || part.state === "behind");
  bar.hidden = !silent && !troubled.length;
  bar.classList.toggle("behind", !silent && !troubled.some((part) => part.state === "stopped"));
  if (silent) show(bar, `■ The board does not answer since ${moment(live.silentSince)}: all numbers are of then. It is asked again every few seconds; `, el("code", {}, "watchfloor board"), " starts it.");
  else if (troubled.length) show(bar, `▲ ${state.health.says}`, el("ul", {}, ...troubled.map((part) => el("li", {}, el("b", {}, part.part), ` since ${moment(part.since_ms)}: ${part.says} `, part.remedy))));
}

function follow(path) {
  const query = new URLSearchParams();
  for (const name of ["place", "by", "window"]) if (address.query.has(name)) query.set(name, address.query.get(name));
  if (path !== "/") { query.set("detail", "1"); if (!query.has("by")) query.set("by", path === "/project" ? "queue" : "none"); }
  floor = new Floor(page, address, definitions, me);
  live.follow(query.toString());
  if (live.state) floor.draw(live.state);
}

async function route() {
  const path = location.pathname, rest = path.split("/")[2];
  nav(path);
  floor = null;
  document.body.classList.toggle("tv", address.query.get("tv") === "1");
  try {
    if (!me.may.read || path === "/login") return login();
    if (PLACES.has(path)) return follow(path);
    if (!live.source) live.follow("by=none");
    show(page, el("p.wait", {}, "Asking…"));
    if (path.startsWith("/alerts/")) return await alertPage(page, decodeURIComponent(rest), me);
    if (path === "/alerts" || path === "/silences") return await alertsPage(page);
    if (path.startsWith("/definitions")) return await definitionsPage(page, definitions, rest, address.query.get("place"));
    if (path.startsWith("/runbooks/")) return await runbookPage(page, decodeURIComponent(rest));
    throw new Error("There is no such page.");
  } catch (error) {
    show(page, el("h1", {}, error.message), el("p", {}, error.remedy ?? ""), el("p", {}, el("a", { href: "/" }, "To the floor")));
  }
}

function nav(path) {
  show(document.getElementById("nav"), ...NAV.map(([to, title]) => el("a", { href: to, "data-key": to, "aria-current": (to === "/" ? PLACES.has(path) : path.startsWith(to)) ? "page" : null }, title)));
  show(document.getElementById("who"), me.name ? el("button", { type: "button", onclick: leave }, `Log out ${me.name}`) : el("a", { href: "/login" }, "Log in"));
}

function login() {
  const token = el("input", { type: "password", "aria-label": "Token", autocomplete: "current-password", required: true });
  const told = el("p", { role: "alert" });
  const enter = async (event) => {
    event.preventDefault();
    try { me = await ask("/api/login", { body: { token: token.value } }); await begin(); go("/"); }
    catch (error) { told.textContent = `${error.message} ${error.remedy ?? ""}`; }
  };
  show(page, el("h1", {}, "Log in"), el("p", {}, "A token lets you acknowledge and silence, and see people if it has that role. ", el("code", {}, "watchfloor alerts token NAME"), " makes one."),
    el("form", { onsubmit: enter }, token, el("button", {}, "Log in")), told);
}

async function leave() {
  me = await ask("/api/logout", { method: "POST" });
  go("/");
}

function go(to) {
  history.pushState(null, "", to);
  route();
  page.focus({ preventScroll: true });
}

async function begin() {
  if (!me.may.read) return;
  const found = await ask("/api/definitions");
  definitions = new Map(found.metrics.map((each) => [each.id, each]));
}

document.addEventListener("click", (event) => {
  const link = event.target.closest?.("a[href^='/']");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
  event.preventDefault();
  go(link.getAttribute("href"));
});
addEventListener("popstate", route);
document.getElementById("pause").addEventListener("click", (event) => {
  paused = !paused;
  event.target.setAttribute("aria-pressed", String(paused));
  event.target.textContent = paused ? "Go on" : "Pause";
});
setInterval(() => {
  if (address.query.get("tv") !== "1" || !live.state?.rows?.length) return;
  const places = ["all", ...live.state.rows.map((row) => row.subject)];
  const next = places[(places.indexOf(address.query.get("place") ?? "all") + 1) % places.length];
  address.with({ place: next, by: "queue" });
}, TV_EVERY_MS);

me = await ask("/api/me");
await begin();
route();
