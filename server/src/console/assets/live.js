// How the daemon is at this moment, from its own numbers.

import { get, text } from "./api.js";
import { colour, h, mask, replace, rows } from "./dom.js";
import { parse, quantile, rate, sparkline, sum } from "./metrics.js";
import { number, t, time, word } from "./texts.js";

const EVERY = 2000;
// Looks that are kept: two minutes.
const KEPT = 60;

export async function live(main) {
  const { personas } = await get("/v1/personas");
  const page = new Live(main, new Map(personas.map((persona) => [persona.name, persona.display_name])));
  await page.look();
  page.timer = setInterval(() => document.visibilityState === "visible" && page.look().catch((error) => page.says(error.message)), EVERY);
  return () => clearInterval(page.timer);
}

class Live {
  constructor(main, shown) {
    const [tiles, cards] = [h("dl", { class: "tiles" }), h("div", { class: "cards" })];
    const trouble = h("p", { class: "bad", role: "status" });
    Object.assign(this, { shown, tiles, cards, trouble, looks: [], lines: new Map(), busy: false });
    this.chats = h("div");
    this.errors = h("div");
    replace(main, h("h1", {}, t("live")), trouble, tiles, h("p", { class: "quiet" }, t("latencyHint")),
      h("h2", {}, t("personas")), cards, h("h2", {}, t("busiest")), this.chats, h("h2", {}, t("errors")), this.errors);
  }

  // Says what is wrong, once.
  says(trouble) {
    if (this.trouble.textContent !== trouble) this.trouble.textContent = trouble;
  }

  async look() {
    if (this.busy) return;
    this.busy = true;
    try {
      const [status, raw] = await Promise.all([get("/console/live"), text("/console/metrics")]);
      this.before = this.looks.at(-1);
      this.now = { series: parse(raw), at: performance.now() };
      this.looks = [...this.looks, this.now].slice(-KEPT);
      this.draw(status);
    } finally {
      this.busy = false;
    }
  }

  rate(name, wanted) {
    return this.before ? rate(this.before.series, this.now.series, (this.now.at - this.before.at) / 1000, name, wanted) : null;
  }

  // What was seen lately of a number.
  line(name, value) {
    const line = [...(this.lines.get(name) ?? []), value].slice(-KEPT);
    this.lines.set(name, line);
    return sparkline(line);
  }

  // Of the replies of the last minutes, or of all if there were none.
  latency(wanted = {}) {
    const since = this.looks[0].series;
    const part = (part) => quantile(part, this.now.series, "maskarad_reply_seconds", wanted, since) ?? quantile(part, this.now.series, "maskarad_reply_seconds", wanted);
    return `${number(part(0.5), 2)} / ${number(part(0.95), 2)}`;
  }

  draw(status) {
    const { series } = this.now;
    const tile = (label, value, line) => h("div", { class: "tile" }, h("dt", {}, label), h("dd", {}, value), line);
    const drawn = (label, name, value, digits) => tile(label, number(value, digits), this.line(name, value));
    const replies = this.rate("maskarad_replies_total");
    this.says((status.reasons ?? []).join("; "));
    replace(this.tiles,
      tile(t("state"), h("span", { class: `state ${status.status}` }, word(status.status))),
      drawn(t("tokenRate"), "tokens", this.rate("maskarad_generated_tokens_total"), 1),
      drawn(t("replies"), "replies", replies === null ? null : replies * 60, 1),
      drawn(t("queue"), "queue", sum(series, "maskarad_jobs", { state: "pending" }), 0),
      tile(t("oldest"), number(sum(series, "maskarad_oldest_pending_seconds"), 0)),
      tile(t("latency"), this.latency()),
      tile(t("memory"), number((status.resident_bytes ?? 0) / 2 ** 20, 0)),
      tile(t("uptime"), uptime(status.up_seconds)));
    replace(this.cards, Object.entries(status.work).map(([name, work]) => this.persona(name, work, status.personas[name])));
    this.tables(status);
  }

  persona(name, work, report) {
    const row = (label, value) => [h("dt", {}, label), h("dd", {}, value)];
    const of = { persona: name };
    const speed = this.rate("maskarad_generated_tokens_total", of);
    const { base_bytes: base = 0, adapter_bytes: adapter = 0 } = work.weights ?? {};
    return h("section", { class: "card" },
      h("h3", { class: `chip ${colour(name)}` }, mask(name), this.shown.get(name) ?? name),
      report?.trouble && h("p", { class: "bad" }, report.trouble),
      h("dl", { class: "facts" },
        row(t("state"), [word(report?.state ?? "–"), report?.by && `${t("servedBy")} ${report.by}`].filter(Boolean).join(", ")), row(t("tokenRate"), number(speed)), row(t("latency"), this.latency(of)),
        row(t("repliesHour"), number(work.replies_hour, 0)), row(t("repliesDay"), number(work.replies_day, 0)),
        row(t("chatCount"), number(work.chats, 0)), row(t("memory"), number((base + adapter) / 2 ** 20, 0))),
      this.line(`tokens of ${name}`, speed),
      work.last_failure && h("p", { class: "quiet" }, `${t("lastFailure")}: ${time(work.last_failure.at)}, ${work.last_failure.reason ?? word(work.last_failure.outcome)}`));
  }

  tables({ chats, errors }) {
    const shown = (name) => this.shown.get(name) ?? name;
    rows(this.chats, t("busiest"), t("noChats"), [t("persona"), t("where"), t("hour"), t("day"), t("when")],
      chats.map((chat) => [shown(chat.persona), `${chat.title || t("untitled")} (${word(chat.kind)})`, number(chat.messages_hour, 0), number(chat.messages_day, 0), time(chat.last_at)]));
    rows(this.errors, t("errors"), t("noErrors"), [t("when"), t("persona"), t("where"), t("what"), t("reason")],
      errors.map((error) => [time(error.at), shown(error.persona), `${error.transport} ${error.chat}`, word(error.outcome), error.reason ?? ""]));
  }
}

function uptime(seconds) {
  const [days, hours, minutes] = [Math.floor(seconds / 86400), Math.floor(seconds / 3600) % 24, Math.floor(seconds / 60) % 60];
  return `${days ? `${days} ${t("dayShort")} ` : ""}${hours}:${String(minutes).padStart(2, "0")}`;
}
