/** Charts of history, each with a summary in words and its numbers as a table. */

import { ask, el, show, svg } from "./dom.js";
import { amount, moment, said } from "./format.js";

const style = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const HEIGHT = 180;
const EVERY_MS = 30_000;

/** A card that asks for a metric's history again every half minute while it is on the page. */
export function chart(place, metric, span) {
  const card = el("section.card.chart", { "aria-label": `History of ${metric}` }, el("p.soft", {}, "Asking for history…"));
  const draw = async () => {
    if (!card.isConnected && card.drawn) return;
    card.drawn = true;
    try {
      const query = new URLSearchParams({ place, metric, span });
      const found = await ask(`/api/history?${query}`);
      const series = found.series[metric];
      // The last step is not over: it would look like a drop.
      series.points = series.points.filter((point) => !found.partial_from_ms || point.t_ms < found.partial_from_ms);
      render(card, metric, series, span);
    } catch (error) {
      show(card, el("h2", {}, metric), el("p.soft", {}, error.message));
    }
    setTimeout(draw, EVERY_MS);
  };
  draw();
  return card;
}

function render(card, metric, series, span) {
  const { points, title, unit } = series;
  const known = points.filter((point) => point.value !== null);
  const last = known.at(-1);
  const says = last
    ? `${title}, last ${span}: ${said(last, unit)} at ${moment(last.t_ms)}; ${known.length} of ${points.length} steps are known.`
    : `${title}, last ${span}: nothing is known yet.`;
  const drawing = el("div", { role: "img", "aria-label": says });
  const open = card.querySelector("details")?.open;
  show(card,
    el("h2", {}, el("a", { href: `/definitions/${metric}` }, title), ` · last ${span}`), drawing,
    el("p.soft", {}, last ? `${said(last, unit)} at ${moment(last.t_ms)}` : "nothing is known yet",
      series.restated?.length ? ` · ${series.restated.length} steps were restated by late data` : ""),
    el("details", { open }, el("summary", { "data-key": `table ${metric}` }, "Show as table"), table(points, unit, series.restated)));
  if (known.length) plot(drawing, series, card.clientWidth - 34);
}

function plot(drawing, { points, target, unit }, width) {
  const times = points.map((point) => point.t_ms / 1000);
  const of = (name) => points.map((point) => point[name] ?? null);
  const data = [times, of("value"), of("low"), of("high"), points.map(() => target ?? null)];
  const line = style("--chart"), soft = style("--soft"), grid = style("--line");
  const axis = { stroke: soft, grid: { stroke: grid, width: 1 }, ticks: { stroke: grid, width: 1 } };
  new window.uPlot({
    width: Math.max(220, width), height: HEIGHT, legend: { show: false }, cursor: { show: false },
    series: [{}, { stroke: line, width: 2, points: { show: true, size: 6, fill: line, filter: () => alone(data[1]) } }, { stroke: "transparent" }, { stroke: "transparent" },
      { stroke: soft, dash: [6, 5], width: 1.5 }],
    bands: [{ series: [3, 2], fill: style("--band") }],
    axes: [{ ...axis, size: 32, values: (_, ticks) => ticks.map(clock) }, { ...axis, size: 64, values: (_, ticks) => ticks.map((tick) => amount(tick, unit).replace("\u00a0/\u00a0h", "")) }],
  }, data, drawing);
}

/** Steps between two that are not known: no line goes through them. */
const alone = (values) => values.flatMap((value, at) => (value !== null && (values[at - 1] ?? null) === null && (values[at + 1] ?? null) === null ? [at] : []));

const clock = (seconds) => new Date(seconds * 1000).toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" });

function table(points, unit, restated) {
  const was = new Map((restated ?? []).map((each) => [each.t_ms, each.was]));
  const rows = points.toReversed().map((point) => el("tr", {},
    el("td", {}, moment(point.t_ms, true)), el("td", {}, said(point, unit),
      was.has(point.t_ms) ? el("span.why", {}, ` restated, was ${amount(was.get(point.t_ms), unit)}`) : ""), el("td", {}, String(point.n))));
  return el("div.scroll", {}, el("table", {}, el("thead", {}, el("tr", {}, el("th", { scope: "col" }, "From"),
    el("th", { scope: "col" }, "Value"), el("th", { scope: "col" }, "n"))), el("tbody", {}, ...rows)));
}

/** A line of an hour, for a table's row. */
export function spark(values) {
  const known = (values ?? []).filter((value) => value !== null);
  if (known.length < 2) return el("span.soft", {}, "–");
  const most = Math.max(...known), least = Math.min(0, ...known), height = 22, width = 100;
  const at = (value, index) => [(index / (values.length - 1)) * width, height - ((value - least) / (most - least || 1)) * height + 1];
  const points = values.flatMap((value, index) => (value === null ? [] : [at(value, index).map((x) => x.toFixed(1)).join(",")]));
  return svg("svg", { class: "spark", viewBox: `0 0 ${width} ${height + 2}`, preserveAspectRatio: "none", role: "img",
    "aria-label": `the last hour, most ${most}` }, svg("polyline", { points: points.join(" ") }));
}
