/** Numbers as people read them. What is not known is said in words, never as zero. */

const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const tenths = new Intl.NumberFormat("en", { maximumFractionDigits: 1 });

/** Between a number and its unit no line breaks. */
const GAP = "\u00a0";

/** A span of seconds: 42 s, 7 min, 3.5 h, 2.1 d. */
export function span(seconds) {
  if (seconds < 90) return `${tenths.format(seconds)}${GAP}s`;
  if (seconds < 5400) return `${whole.format(seconds / 60)}${GAP}min`;
  if (seconds < 172800) return `${tenths.format(seconds / 3600)}${GAP}h`;
  return `${tenths.format(seconds / 86400)}${GAP}d`;
}

/** Never rounded to all or nothing: what is missing of 100 may be what matters. */
function percent(value) {
  if (value < 100 && value > 99.9) return ">99.9";
  if (value > 0 && value < 0.1) return "<0.1";
  return tenths.format(value);
}

/** A known value in its unit. */
export function amount(value, unit) {
  if (unit === "fraction") return `${percent(value * 100)}${GAP}%`;
  if (unit === "s") return span(value);
  if (unit === "min") return span(value * 60);
  if (unit === "h") return span(value * 3600);
  const number = Math.abs(value) < 100 && !Number.isInteger(value) ? tenths.format(value) : whole.format(value);
  if (unit === "per hour") return `${number}${GAP}/${GAP}h`;
  return number;
}

/** A reading in words: the number, or why there is none. */
export function said(reading, unit) {
  if (!reading) return "not here";
  if (reading.value === null || reading.value === undefined) return reading.says ?? "not known";
  return amount(reading.value, unit);
}

/** Its interval, when it has one. */
export function interval(reading, unit) {
  if (!reading || reading.low === undefined || reading.low === null) return "";
  return `${amount(reading.low, unit)} to ${amount(reading.high, unit)}, n = ${whole.format(reading.n)}`;
}

/** A moment in the zone of whoever looks, which is named. */
export function moment(ms, withDate = false) {
  if (ms === null || ms === undefined) return "never";
  const options = { hour: "2-digit", minute: "2-digit", second: "2-digit", timeZoneName: "short" };
  if (withDate) Object.assign(options, { year: "numeric", month: "short", day: "2-digit" });
  return new Intl.DateTimeFormat("en-GB", options).format(new Date(ms));
}

/** How a number stands to its target: a shape and a word beside the colour. */
export const STATUS = {
  met: "● on target", unsure: "◐ too close to tell", missed: "▲ off target", far: "■ far off",
};

export const plural = (n, one, many = `${one}s`) => `${whole.format(n)} ${n === 1 ? one : many}`;
