// How the daemon is at this moment, from its own numbers.

import { get, text } from "./api.js";
import { colour, h, replace } from "./dom.js";
import { parse, quantile, rate, sparkline, sum } from "./metrics.js";
import { number, t, time } from "./texts.js";

const EVERY = 2000;
const KEPT = 60;

export async function live(main) {
  const page = new Live(main);
  await page.look();
  page.timer = setInterval(() => document.visibilityState === "visible" && page.look().catch((error) => page.failed(error)), EVERY);
  return () => clearInterval(page.timer);
}

class Live {
  constructor(main) {
    Object.assign(this, { main, before: null, at: 0, lines: { tokens: [], queue: [], replies: [] } });
  }

  failed(error) {
    replace(this.main.querySelector(".trouble") ?? this.main, error.message);
  }

  async look() {
    const [status, raw] = await Promise.all([get("/console/live"), text("/console/metrics")]);
    const [now, at] = [parse(raw), performance.now()];
    const seconds = (at - this.at) / 1000;
    const figures = {
      tokens: rate(this.before, now, seconds, "maskarad_generated_tokens_total", {}),
      replies: rate(this.before, now, seconds, "maskarad_replies_total", {}) ?? 0,
      queue: sum(now, "maskarad_jobs", { state: "pending" }),
    };
    for (const [name, value] of Object.entries(figures)) this.lines[name] = [...this.lines[name], value].slice(-KEPT);
    this.draw(status, now, figures, seconds);
    [this.before, this.at] = [now, at];
  }

  draw(status, now, figures, seconds) {
    const tile = (label, value, line) => h("div", { class: "tile" }, h("dt", {}, label), h("dd", {}, value), line && sparkline(line));
    const seen = (part) => number(quantile(part, now, "maskarad_reply_seconds"), 2);
    const trouble = (status.reasons ?? []).join("; ");
    const top = this.main.scrollTop;
    replace(this.main,
      h("h1", {}, t("live")),
      h("p", { class: "trouble bad", role: "status" }, trouble),
      h("dl", { class: "tiles" },
        tile(t("state"), status.status),
        tile(t("tokenRate"), number(figures.tokens), this.lines.tokens),
        tile(t("replies"), number(figures.replies * 60), this.lines.replies),
        tile(t("queue"), number(figures.queue, 0), this.lines.queue),
        tile(t("oldest"), number(sum(now, "maskarad_oldest_pending_seconds"), 0)),
        tile(t("latency"), `${seen(0.5)} / ${seen(0.95)}`),
        tile(t("memory"), number((status.resident_bytes ?? 0) / 2 ** 20, 0)),
        tile(t("uptime"), uptime(status.up_seconds))),
      h("h2", {}, t("liveLead")),
      h("div", { class: "cards" }, Object.entries(status.work).map(([name, work]) => this.persona(name, work, status, now, seconds))),
      h("h2", {}, t("busiest")), this.busiest(status.chats),
      h("h2", {}, t("errors")), failures(status.errors));
    this.main.scrollTop = top;
  }

  persona(name, work, status, now, seconds) {
    const of = { persona: name };
    const speed = rate(this.before, now, seconds, "maskarad_generated_tokens_total", of);
    const row = (label, value) => [h("dt", {}, label), h("dd", {}, value)];
    const report = status.personas[name];
    const latency = [0.5, 0.95].map((part) => number(quantile(part, now, "maskarad_reply_seconds", of), 2)).join(" / ");
    return h("section", { class: "card" },
      h("h3", { class: `chip ${colour(name)}` }, name),
      report?.trouble && h("p", { class: "bad" }, report.trouble),
      h("dl", { class: "facts" },
        row(t("state"), report?.state ?? "–"), row(t("tokenRate"), number(speed)), row(t("latency"), latency),
        row(t("repliesDay"), number(work.replies_day, 0)), row(t("chatCount"), number(work.chats, 0)),
        row(t("memory"), number(((work.weights?.base_bytes ?? 0) + (work.weights?.adapter_bytes ?? 0)) / 2 ** 20, 0))));
  }

  busiest(chats) {
    if (!chats.length) return h("p", { class: "quiet" }, t("empty"));
    return table([t("persona"), t("where"), t("hour"), t("day"), t("when")],
      chats.map((chat) => [chat.persona, `${chat.title || t("untitled")} (${t(chat.kind)})`, number(chat.messages_hour, 0), number(chat.messages_day, 0), time(chat.last_at)]), t("busiest"));
  }
}

function failures(errors) {
  if (!errors.length) return h("p", { class: "quiet" }, t("noErrors"));
  return table([t("when"), t("persona"), t("where"), t("what"), t("reason")],
    errors.map((error) => [time(error.at), error.persona, `${error.transport} ${error.chat}`, error.outcome, error.reason ?? ""]), t("errors"));
}

export function table(head, rows, label) {
  return h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": label }, h("table", {},
    h("thead", {}, h("tr", {}, head.map((cell) => h("th", { scope: "col" }, cell)))),
    h("tbody", {}, rows.map((row) => h("tr", {}, row.map((cell) => h("td", {}, cell)))))));
}

function uptime(seconds) {
  const [days, hours, minutes] = [Math.floor(seconds / 86400), Math.floor(seconds / 3600) % 24, Math.floor(seconds / 60) % 60];
  return days ? `${days}:${String(hours).padStart(2, "0")}:${String(minutes).padStart(2, "0")}` : `${hours}:${String(minutes).padStart(2, "0")}`;
}
