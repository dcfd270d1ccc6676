/** The stream: one snapshot, then what changed. Says plainly when it stops. */

import { ask } from "./dom.js";

const SILENT_MS = 4000;
const RETRY_MS = 2500;

export class Live {
  /** @param {(state: object) => void} changed @param {(alert: object) => void} alerted */
  constructor(changed, alerted) {
    this.changed = changed;
    this.alerted = alerted;
    this.state = null;
    this.source = null;
    this.heardAt = performance.now();
    this.silentSince = null;
    setInterval(() => this.look(), 1000);
  }

  /** Follow a view; `query` is that of /api/stream. */
  follow(query) {
    if (query === this.query && this.source) return;
    this.query = query;
    this.state = null;
    this.open();
  }

  stop() {
    this.source?.close();
    this.source = null;
    this.query = null;
  }

  open() {
    this.source?.close();
    const source = (this.source = new EventSource(`/api/stream?${this.query}`));
    const hear = (name, act) => source.addEventListener(name, (event) => {
      this.heardAt = performance.now();
      this.silentSince = null;
      act(JSON.parse(event.data));
    });
    hear("snapshot", (data) => { this.state = data; this.changed(data); });
    hear("delta", (data) => { if (this.state) { merge(this.state, data); this.changed(this.state); } });
    hear("beat", (data) => { if (this.state) { Object.assign(this.state, data); this.changed(this.state); } });
    hear("alert", (data) => this.alerted(data));
    source.addEventListener("error", () => {
      if (source.readyState === EventSource.CLOSED && source === this.source) {
        setTimeout(() => source === this.source && this.open(), RETRY_MS);
      }
    });
  }

  /** Once a second: whether the board still speaks. */
  look() {
    if (!this.source) return;
    if (performance.now() - this.heardAt > SILENT_MS) {
      this.silentSince ??= Date.now() - (performance.now() - this.heardAt);
      if (this.state) this.changed(this.state);
      ask("/api/me").catch(() => null);
    }
  }
}

/** Bring a change into what is known; see the board's README. */
function merge(state, change) {
  for (const [key, value] of Object.entries(change)) {
    if (key === "strip") Object.assign(state.strip, value);
    else if (key === "place") state.place ? mergeSubject(state.place, value) : (state.place = value);
    else if (key === "rows") value.forEach((row) => mergeRow(state.rows, row));
    else if (key === "gone") state.rows = state.rows.filter((row) => !value.includes(row.subject));
    else state[key] = value;
  }
}

function mergeRow(rows, change) {
  const known = rows.find((row) => row.subject === change.subject);
  if (known) mergeSubject(known, change);
  else rows.push(change);
}

function mergeSubject(known, change) {
  for (const [key, value] of Object.entries(change)) {
    if (key === "cells") known.cells = { ...known.cells, ...value };
    else if (key === "windows") mergeWindows((known.windows ??= {}), value);
    else known[key] = value;
  }
}

function mergeWindows(known, change) {
  for (const [name, value] of Object.entries(change)) {
    if (value === null) delete known[name];
    else known[name] = { ...known[name], ...value, readings: { ...known[name]?.readings, ...value.readings } };
  }
}
