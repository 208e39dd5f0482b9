// The daemon's own numbers, in Prometheus' text format: read, compared with those of the last time, and drawn.

import { svg } from "./dom.js";

const LINE = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)/;
const LABEL = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)"/g;

export function parse(text) {
  const series = new Map();
  for (const line of text.split("\n")) {
    const found = LINE.exec(line);
    if (!found || line.startsWith("#")) continue;
    const labels = {};
    for (const [, name, value] of (found[2] ?? "").matchAll(LABEL)) labels[name] = value.replace(/\\(.)/g, "$1");
    const rows = series.get(found[1]) ?? [];
    rows.push({ labels, value: Number(found[3]) });
    series.set(found[1], rows);
  }
  return series;
}

const fits = (labels, wanted) => Object.entries(wanted).every(([name, value]) => labels[name] === value);

export function sum(series, name, wanted = {}) {
  const rows = (series.get(name) ?? []).filter((row) => fits(row.labels, wanted));
  return rows.reduce((total, row) => total + row.value, 0);
}

// A second's worth between two looks.
export function rate(before, now, seconds, name, wanted) {
  if (seconds <= 0) return null;
  return Math.max(0, sum(now, name, wanted) - sum(before, name, wanted)) / seconds;
}

// A quantile of a histogram, as Prometheus' histogram_quantile computes it: linear within a bucket. `since` leaves out what was before.
export function quantile(part, series, name, wanted = {}, since = null) {
  const buckets = new Map();
  for (const { labels, value } of series.get(`${name}_bucket`) ?? []) {
    const { le, ...rest } = labels;
    if (!fits(rest, wanted)) continue;
    const bound = le === "+Inf" ? Infinity : Number(le);
    const earlier = since ? sum(since, `${name}_bucket`, { ...rest, le }) : 0;
    buckets.set(bound, (buckets.get(bound) ?? 0) + value - earlier);
  }
  const bounds = [...buckets.keys()].sort((a, b) => a - b);
  const all = buckets.get(Infinity) ?? 0;
  if (!all) return null;
  const rank = part * all;
  let [lower, below] = [0, 0];
  for (const bound of bounds) {
    const count = buckets.get(bound);
    if (count >= rank) return bound === Infinity ? lower : lower + (bound - lower) * ((rank - below) / (count - below || 1));
    [lower, below] = [bound, count];
  }
  return lower;
}

// The last values as a small line, for the eye alone.
export function sparkline(values) {
  const known = values.map((value) => value ?? 0);
  const most = Math.max(...known, 1e-9);
  const step = 100 / Math.max(known.length - 1, 1);
  const points = known.map((value, index) => `${(index * step).toFixed(1)},${(23 - (value / most) * 21).toFixed(1)}`);
  const line = svg("polyline", { points: points.join(" "), fill: "none", "vector-effect": "non-scaling-stroke" });
  return svg("svg", { class: "spark", viewBox: "0 0 100 24", preserveAspectRatio: "none", "aria-hidden": "true" }, line);
}
