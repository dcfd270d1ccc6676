/** The floor, and one queue, team, site, project or person: strip, charts, rows, alerts, pipeline. */

import { alertList } from "./alerts.js";
import { chart, spark } from "./charts.js";
import { ask, el, show } from "./dom.js";
import { STATUS, amount, interval, moment, plural, said, span } from "./format.js";

const CHARTS = ["throughput", "golden_accuracy", "backlog_waiting"];
/** Nothing waits for a person: what waits is a queue's. */
const CHARTS_OF_PERSON = ["throughput", "golden_accuracy", "first_pass_yield"];
const PAGE_OF = { queue: "/queue", team: "/team", site: "/site", project: "/project", annotator: "/person", reviewer: "/person" };
/** Where people are listed, for those who may see them. */
const WITH_PEOPLE = new Set(["/queue", "/team", "/site", "/project"]);
const GROUPINGS = ["queue", "project", "team", "site"];
/** Where there is little room; the whole title is a click away. */
const SHORT = {
  oldest_waiting_age: "Oldest", at_risk: "At risk", time_to_breach: "Next breach", breaches_ahead: "Will breach",
  people_needed: "People needed", people_needed_for: "… for", service_level: "SLA attainment", time_to_clear: "Time to clear",
};
const WINDOWS = ["1m", "5m", "15m", "1h", "shift", "8h", "business_day", "24h", "7d", "28d"];
/** Shares are not sorted by where there are too few: that would be a ranking of chance. */
const SHARES = new Set(["golden_accuracy", "first_pass_yield", "service_level"]);

export class Floor {
  constructor(page, address, definitions, me) {
    Object.assign(this, { page, address, definitions, me, sort: null, sparks: null, restated: {} });
    this.parts = Object.fromEntries(["head", "strip", "table", "hands", "alerts", "pipeline", "detail"].map((name) => [name, el("section", { id: name })]));
    const place = address.query.get("place") ?? "all";
    this.charts = el("div.charts", {}, ...(location.pathname === "/person" ? CHARTS_OF_PERSON : CHARTS).map((metric) => chart(place, metric, address.query.get("span") ?? "1h")));
    show(page, this.parts.head, this.parts.strip, this.charts, this.parts.table, this.parts.hands, this.parts.detail, this.parts.alerts, this.parts.pipeline);
    this.lookAtSparks(place);
    this.lookAtRestated();
    if (me.may.people && WITH_PEOPLE.has(location.pathname)) this.lookAtHands(place);
  }

  /** Who worked here: the way from a queue to its people. */
  async lookAtHands(place) {
    const found = await ask(`/api/people?${new URLSearchParams({ place })}`).catch((error) => ({ says: error.message }));
    if (!this.page.contains(this.parts.hands)) return;
    setTimeout(() => this.lookAtHands(place), 60_000);
    const people = (found.people ?? []).map(({ subject, name, items }) => el("li", {}, el("a", { href: `/person?place=${encodeURIComponent(subject)}`, "data-key": `person ${subject}` }, name), ` ${plural(items, "item")}`));
    show(this.parts.hands, el("h2", {}, "Who worked here"), el("p.soft", {}, "Whose latest submission of an item here is of the last 24 h, by name: no ranking."),
      people.length ? el("ul.hands", {}, ...people) : el("p.soft", {}, found.says ?? "Nobody submitted an item here."),
      found.more ? el("p.soft", {}, "More are not shown.") : "");
  }

  /** What late data changed since it was told as finished: the way to say so at the number itself. */
  async lookAtRestated() {
    const query = new URLSearchParams({ by: rowsBy(this.address) });
    if (this.address.query.has("place")) query.set("place", this.address.query.get("place"));
    // Without an answer what was known goes on to be, and is asked for again soon.
    const found = await ask(`/api/restated?${query}`).catch(() => null);
    this.restated = found?.subjects ?? this.restated;
    if (this.page.contains(this.parts.table)) setTimeout(() => this.lookAtRestated(), found ? 60_000 : 10_000);
  }

  /** The mark at one number, or nothing. */
  was(subject, window, metric) {
    const found = this.restated[subject]?.[window]?.[metric];
    if (!found) return "";
    const old = found.was === null ? `n = ${found.n}` : amount(found.was, this.unit(metric));
    return el("div.why.restated", { title: `restated since published: was ${old} without what came late, told at ${moment(found.at_ms)}` }, `↻ restated, was ${old}`);
  }

  async lookAtSparks(place) {
    const by = this.address.query.get("by") ?? "queue";
    const query = new URLSearchParams({ place, by, metric: "throughput", span: "1h" });
    this.sparks = (await ask(`/api/sparklines?${query}`).catch(() => ({ series: {} }))).series;
    if (this.page.contains(this.parts.table)) setTimeout(() => this.lookAtSparks(place), 60_000);
  }

  unit(metric) { return this.definitions.get(metric)?.unit ?? ""; }
  title(metric) { return SHORT[metric] ?? this.definitions.get(metric)?.title ?? metric; }

  draw(state) {
    if (state.empty) { show(this.parts.strip, emptiness(state.empty)); this.charts.hidden = true; return; }
    this.charts.hidden = false;
    this.subject = state.place?.subject;
    const { head, strip, table, alerts, pipeline, detail } = this.parts;
    show(head, el("h1", {}, state.place.grouping === "all" ? "The floor" : `${state.place.grouping}: ${state.place.name || "(not given)"}`, " ",
      el("small.soft", {}, `numbers as of ${moment(state.as_of_ms)}`)));
    show(strip, el("div.strip", {}, ...this.cards(state)));
    show(table, ...this.rows(state));
    show(detail, ...this.details(state));
    show(alerts, el("h2", {}, "Alerts"), alertList(state.alerts));
    show(pipeline, ...pipe(state));
  }

  cards({ strip, age_ms: ageMs, live }) {
    const { budget, alerts, active_people: people } = strip;
    const fits = (entry) => entry?.reading?.cause !== "not_applicable";
    return [
      this.card("throughput", strip.throughput, people?.value !== null && people?.value !== undefined ? `${plural(people.value, "person", "people")} active` : people?.cause === "not_applicable" ? "" : people?.says),
      fits(strip.backlog) && this.card("backlog_waiting", { ...strip.backlog, metric: "backlog_waiting" }, strip.oldest?.reading?.value != null ? `oldest waits ${said(strip.oldest.reading, "s")}` : strip.oldest?.reading?.says, strip.oldest?.status),
      fits(strip.attainment) && this.card(strip.attainment.metric, strip.attainment),
      fits(strip.attainment) && plain("Error budget left", budget.left === null || budget.left === undefined ? budget.says ?? "not known" : amount(budget.left, "fraction"), budget.left == null,
        budget.burn != null ? `burns ${budget.burn.toFixed(1)} × as fast as it may (${budget.burn_window})` : "", budget.status),
      plain("Firing alerts", String(alerts.firing), false, `${alerts.critical} critical, ${alerts.warning} warning, ${alerts.acknowledged} acknowledged`, alerts.firing ? (alerts.critical ? "missed" : "unsure") : "met", alerts.firing ? "▲ firing" : "● quiet"),
      plain("Data age", span(ageMs / 1000), false, live ? "live" : "standing still", live ? "met" : "missed", live ? "● live" : "■ stopped"),
    ];
  }

  card(metric, entry, more, otherStatus) {
    const unit = this.unit(metric), reading = entry.reading;
    const unknown = reading?.value === null || reading?.value === undefined;
    const target = entry.target === null || entry.target === undefined ? "" : `target ${amount(entry.target, unit)}`;
    // What is judged may be another number than the large one: say which.
    const words = entry.status || !otherStatus ? undefined : STATUS[otherStatus]?.replace(" ", " oldest ");
    return el("div.card", { "data-metric": metric }, el("h2", {}, el("a", { href: `/definitions/${metric}` }, this.title(metric)), entry.window ? ` · ${entry.window}` : ""),
      el("div.number", { class: unknown ? "unknown" : "" }, said(reading, unit)),
      el("div.soft", {}, [interval(reading, unit), target, more].filter(Boolean).join(" · ")), unknown ? "" : this.was(this.subject, entry.window, metric), mark(entry.status ?? otherStatus, words));
  }

  rows(state) {
    const by = state.view.by;
    if (by === "none" || !state.rows) return [];
    const columns = state.columns.filter(({ metric }) => state.rows.some((row) => row.cells[metric] && row.cells[metric].cause !== "not_applicable"));
    const head = columns.map(({ metric, title, window }) => el("th", { scope: "col", title, "aria-sort": this.sort?.metric === metric ? (this.sort.down ? "descending" : "ascending") : "none" },
      el("button", { type: "button", "data-key": `sort ${metric}`, onclick: () => { this.sort = { metric, down: this.sort?.metric === metric ? !this.sort.down : true }; this.draw(state); } }, SHORT[metric] ?? title, window ? ` ${window}` : "")));
    const body = this.sorted(state.rows).map((row) => el("tr", {}, el("td", {}, this.link(by, row), row.alerts ? el("span.pill.warning", {}, plural(row.alerts, "alert")) : "", el("div.why", {}, row.path)),
      el("td.left", {}, this.sparks ? spark(this.sparks[row.subject]) : el("span.soft", {}, "…")), ...columns.map(({ metric, unit, window }) => cell(row, metric, unit, this.was(row.subject, window, metric)))));
    const groupings = [...GROUPINGS, ...(this.me.may.people ? ["annotator", "reviewer"] : [])];
    return [el("h2", {}, "By ", el("select", { "aria-label": "Group by", "data-key": "by", onchange: (event) => this.address.with({ by: event.target.value }) },
      ...groupings.map((name) => el("option", { value: name, selected: name === by }, name)))),
    el("div.scroll", {}, el("table", { id: "rows" }, el("thead", {}, el("tr", {}, el("th", { scope: "col" }, by), el("th.left", { scope: "col" }, "Last hour"), ...head)), el("tbody", {}, ...body))),
    state.rows_left_out ? el("p.soft", {}, `${plural(state.rows_left_out, "row")} more are not shown.`) : ""];
  }

  sorted(rows) {
    const { metric, down } = this.sort ?? { metric: "backlog_waiting", down: true };
    const value = (row) => (SHARES.has(metric) && row.ranked === false ? null : row.cells[metric]?.value ?? null);
    const unknownLast = (a, b) => (value(a) === null) - (value(b) === null) || (down ? value(b) - value(a) : value(a) - value(b)) || a.name.localeCompare(b.name);
    return [...rows].sort(unknownLast);
  }

  link(by, row) {
    const page = PAGE_OF[by];
    return page ? el("a", { href: `${page}?place=${encodeURIComponent(row.subject)}`, "data-key": row.subject }, row.name || "(not given)") : row.name;
  }

  details({ place, view }) {
    const windows = Object.entries(place.windows ?? {}).sort(([a], [b]) => WINDOWS.indexOf(a) - WINDOWS.indexOf(b));
    if (!view.detail || !windows.length) return [];
    const names = windows.map(([name]) => name);
    const metrics = [...this.definitions.values()].filter(({ id }) => windows.some(([, window]) => window.readings[id] && window.readings[id].cause !== "not_applicable"));
    return [el("h2", {}, "Every metric, every window"), el("div.scroll", {}, el("table", {}, el("thead", {}, el("tr", {}, el("th", { scope: "col" }, "Metric"), ...names.map((name) => el("th", { scope: "col" }, name)))),
      el("tbody", {}, ...metrics.map(({ id, title, unit }) => el("tr", {}, el("td", {}, el("a", { href: `/definitions/${id}` }, title)), ...windows.map(([name, window]) => detailed(window, id, unit, this.was(place.subject, name, id))))),
        el("tr", {}, el("td", {}, "Covered by data"), ...windows.map(([, window]) => el("td", {}, amount(window.covered, "fraction")))))))];
  }
}

function detailed(window, id, unit, was) {
  const reading = window.readings[id];
  return el("td", {}, said(reading, unit), el("div.why", {}, interval(reading, unit)), was);
}

function cell(row, metric, unit, was) {
  const reading = row.cells[metric], status = row.status?.[metric];
  const unknown = reading?.value === null || reading?.value === undefined;
  return el("td", { class: status ?? "", "data-metric": metric }, unknown ? el("span.why", {}, said(reading, unit)) : said(reading, unit), status && status !== "met" ? el("div.why", {}, STATUS[status]) : "",
    SHARES.has(metric) && !unknown ? el("div.why", {}, interval(reading, unit)) : "", unknown ? "" : was);
}

function plain(title, number, unknown, more, status, words) {
  return el("div.card", {}, el("h2", {}, title), el("div.number", { class: unknown ? "unknown" : "" }, number), el("div.soft", {}, more ?? ""), mark(status, words));
}

/** By what the rows of a page are grouped: as `follow` of main.js asks. */
const rowsBy = (address) => address.query.get("by") ?? (location.pathname === "/" || location.pathname === "/project" ? "queue" : "none");

const mark = (status, words) => (status ? el("span.pill", { class: status }, words ?? STATUS[status] ?? status) : "");

function pipe({ pipeline }) {
  if (!pipeline) return [];
  const known = (value, words) => (value === null || value === undefined ? "not known" : words(value));
  const lag = Object.entries(pipeline.lag_records ?? {}).map(([name, n]) => el("span", {}, el("b", {}, name), ` ${plural(n, "record")} behind`));
  return [el("h2", {}, "Pipeline"), el("div.card.pipeline", {}, el("span", {}, el("b", {}, "Watermark"), ` ${known(pipeline.watermark_delay_ms, (ms) => span(ms / 1000))} behind`), ...lag,
    el("span", {}, el("b", {}, "ClickHouse"), ` ${known(pipeline.history_delay_ms, (ms) => span(ms / 1000))} behind`),
    el("span", {}, el("b", {}, "Dead letters"), ` ${known(pipeline.dead_letters_1h, String)} in the last hour`))];
}

function emptiness({ says, steps, example }) {
  return el("div.card", {}, el("h1", {}, says), el("ol", {}, ...(steps ?? []).map((step) => el("li", {}, el("code", {}, step)))), example ? el("pre", {}, example) : "");
}
