/** Alerts: the list, and one of them with its evidence, its history and what can be done. */

import { ask, el, show } from "./dom.js";
import { amount, moment } from "./format.js";

const MINUTES = [30, 60, 240, 1440];

/** How it stands: what is over alarms nobody. */
function standing({ severity, state }) {
  const over = state === "resolved";
  return el("span.pill", { class: over ? "met" : severity }, `${over ? "●" : "▲"} ${severity}, ${state}`);
}

/** Alerts as a list; each is a link to its page. */
export function alertList(alerts) {
  if (!alerts?.length) return el("p.soft", {}, "● Nothing fires.");
  return el("ul.alerts", {}, ...alerts.map((alert) => el("li", { class: alert.severity },
    el("a", { href: `/alerts/${alert.fingerprint}`, "data-key": alert.fingerprint }, alert.rule), " ",
    standing(alert),
    alert.acknowledged_by ? ` · ${alert.acknowledged_by} takes care of it` : "", alert.suppressed_by?.length ? " · silenced" : "",
    el("div", {}, alert.summary), el("div.soft", {}, `since ${moment(alert.starts_at_ms, true)}${alert.ends_at_ms ? `, ended ${moment(alert.ends_at_ms, true)}` : ""}`))));
}

/** The page of all alerts and silences. */
export async function alertsPage(page) {
  const [found, quiet] = await Promise.all([ask("/api/alerts?state=all"), ask("/api/silences").catch((error) => ({ error }))]);
  const silences = (quiet.silences ?? []).filter((each) => each.state !== "expired").map((each) => el("li", {},
    el("b", {}, each.matchers.map((it) => `${it.name}${it.is_equal ? "=" : "!="}${it.value}`).join(", ")),
    ` until ${moment(each.ends_at_ms, true)}, by ${each.created_by}: ${each.comment}`));
  show(page, el("h1", {}, "Alerts"), alertList(found.alerts), el("h2", {}, "Silences"),
    quiet.error ? el("p.soft", {}, quiet.error.message) : silences.length ? el("ul.alerts", {}, ...silences) : el("p.soft", {}, "Nothing is silenced."));
}

/** The page of one alert. */
export async function alertPage(page, fingerprint, me) {
  const found = await ask(`/api/alerts/${encodeURIComponent(fingerprint)}`);
  const { alert, evidence } = found;
  const again = () => alertPage(page, fingerprint, me);
  show(page, el("h1", {}, alert.rule, " ", standing(alert)),
    el("p", {}, alert.summary), facts(alert, found.annotations), actions(alert, me, again), proof(evidence), history(found));
}

function facts(alert, annotations) {
  const value = alert.value === null ? alert.cause ?? "not known" : amount(alert.value, alert.unit);
  return pairs([["Value", `${value} (n = ${alert.n}), fires at ${alert.op} ${amount(alert.threshold, alert.unit)}`], ["Since", moment(alert.starts_at_ms, true)], ["Ended", alert.ends_at_ms ? moment(alert.ends_at_ms, true) : null],
    ["Labels", Object.entries(alert.labels).map((pair) => pair.join("=")).join(", ")],
    ["Acknowledged by", alert.acknowledged_by ? `${alert.acknowledged_by}: ${alert.note}` : "nobody"],
    ["Place", alert.place ? el("a", { href: `/?place=${encodeURIComponent(alert.place)}` }, "its numbers") : null],
    ["Runbook", alert.runbook ? el("a", { href: `/runbooks/${alert.runbook}` }, alert.runbook) : null], ["Why", annotations?.description]]);
}

function pairs(given) {
  return el("dl.facts", {}, ...given.filter(([, value]) => value).flatMap(([name, value]) => [el("dt", {}, name), el("dd", {}, value)]));
}

function actions(alert, me, again) {
  const told = el("p", { role: "status" });
  const send = (path, options) => async (event) => {
    event.preventDefault();
    told.textContent = "Sent; the floor says when it is done.";
    try { await ask(path, options()); setTimeout(again, 2500); }
    catch (error) { told.textContent = `${error.message} ${error.remedy ?? ""}`; }
  };
  if (!me.may.change) return el("p.soft", {}, "To acknowledge or silence, ", el("a", { href: "/login" }, "log in with a token"), ".");
  const note = el("input", { "aria-label": "Note", placeholder: "note", "data-key": "note" });
  const why = el("input", { "aria-label": "Why it is silenced", placeholder: "why", required: true, "data-key": "why" });
  const minutes = el("select", { "aria-label": "For how long", "data-key": "minutes" }, ...MINUTES.map((n) => el("option", { value: n }, n < 60 ? `${n} min` : `${n / 60} h`)));
  const matchers = () => Object.entries(alert.labels).map(([name, value]) => ({ name, value, isRegex: false, isEqual: true }));
  const path = `/api/alerts/${encodeURIComponent(alert.fingerprint)}`;
  return el("div", {}, el("form", { onsubmit: send(`${path}/acknowledgement`, () => ({ body: { note: note.value } })) }, note, el("button", {}, "Acknowledge")),
    el("form", { onsubmit: send("/api/silences", () => ({ body: { matchers: matchers(), minutes: Number(minutes.value), comment: why.value, kind: "silence" } })) }, why, minutes, el("button", {}, "Silence")),
    el("form", {}, el("button", { type: "button", onclick: send(`${path}/verdict`, () => ({ body: { verdict: "useful", note: note.value } })) }, "It was useful"),
      el("button", { type: "button", onclick: send(`${path}/verdict`, () => ({ body: { verdict: "noise", note: note.value } })) }, "It was noise")), told);
}

function proof(evidence) {
  if (!evidence) return el("p.soft", {}, "Its evidence is gone.");
  const contributors = (evidence.contributors ?? []).map((each) => el("li", {}, `${Object.values(each.dims).join(" / ")}: ${each.value === null ? "not known" : amount(each.value, evidence.unit)} (n = ${each.n})`));
  return el("section", {}, el("h2", {}, "Evidence"), pairs([["Metric", el("a", { href: `/definitions/${evidence.metric}` }, evidence.metric)],
    ["Window", evidence.window ? `${evidence.window}: ${moment(evidence.start_ms, true)} to ${moment(evidence.end_ms, true)}` : null],
    ["Items", evidence.item_ids?.join(", ")]]), contributors.length ? el("ul", {}, ...contributors) : "",
  evidence.sql ? copyable("The number again, as SQL", evidence.sql) : "", evidence.items_sql ? copyable("Its items, as SQL", evidence.items_sql) : "");
}

/** A text with a button that copies it. */
export function copyable(title, text, heading = "h3") {
  return el("div", {}, el(heading, {}, title, " ", el("button", { type: "button", onclick: (event) => navigator.clipboard.writeText(text).then(() => { event.target.textContent = "Copied"; }) }, "Copy")), el("pre", { tabindex: "0" }, text));
}

function history({ history: steps, history_says: says }) {
  if (!steps) return el("p.soft", {}, says ?? "");
  return el("section", {}, el("h2", {}, "History"), el("div.scroll", {}, el("table", {}, el("thead", {}, el("tr", {}, ...["When", "What", "Who or where", "Outcome"].map((name) => el("th.left", { scope: "col" }, name)))),
    el("tbody", {}, ...steps.map((step) => el("tr", {}, el("td", {}, moment(step.at_ms, true)), el("td.left", {}, `${step.kind}: ${step.what || step.state}`), el("td.left", {}, step.person || step.receiver), el("td.left", {}, [step.outcome, step.note].filter(Boolean).join(": "))))))));
}
