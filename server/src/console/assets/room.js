// One room: people, personas, and what they say to each other.

import { get, patch, post, put, remove } from "./api.js";
import { agreed, atEnd, colour, enters, h, mask, notice, replace, toggle } from "./dom.js";
import { clock, t } from "./texts.js";

// How long somebody who is typing is believed to be.
const TYPING = 5000;
// After which a stream that was refused is asked for again.
const AGAIN = 3000;

export async function room(main, id) {
  const [view, { personas }] = await Promise.all([get(`/console/rooms/${id}`), get("/v1/personas")]);
  const page = new Room(main, view, personas);
  page.draw();
  page.listen();
  return () => page.end();
}

class Room {
  constructor(main, view, personas) {
    Object.assign(this, { main, view, personas, path: `/console/rooms/${view.id}`, replying: null, typing: new Map(), messages: new Map() });
    for (const message of view.messages) this.messages.set(message.seq, message);
  }

  end() {
    this.ended = true;
    clearTimeout(this.timer);
    this.source?.close();
    for (const timer of this.typing.values()) clearTimeout(timer);
  }

  draw() {
    this.log = h("div", { class: "log", role: "log", "aria-live": "polite", "aria-label": t("log"), tabindex: "0" });
    this.writing = h("p", { class: "typing" });
    this.lost = h("p", { class: "bad", role: "status" });
    this.quoted = h("div", { class: "quoted" });
    this.seats = h("section", { class: "card stack seats" });
    this.name = h("input", { id: "author", maxlength: "40", required: true, value: localStorage.getItem("author") ?? t("guest"), oninput: () => localStorage.setItem("author", this.name.value) });
    this.input = h("textarea", { id: "say", rows: "1", maxlength: "4000", required: true, placeholder: t("message"), onkeydown: enters });
    replace(this.main,
      h("div", { class: "row spread" }, h("h1", {}, this.view.title), h("button", { type: "button", class: "danger", onclick: () => this.close() }, t("deleteRoom"))),
      h("div", { class: "two titled" },
        h("section", { class: "card talk" }, this.log, this.writing, this.lost, this.quoted,
          h("form", { class: "say", onsubmit: (event) => this.submitted(event) },
            h("label", { for: "author", class: "hidden" }, t("yourName")), this.name,
            h("label", { for: "say", class: "hidden" }, t("message")), this.input, h("button", { class: "primary" }, t("send")))),
        this.seats));
    for (const message of this.messages.values()) this.log.append(this.bubble(message));
    if (!this.messages.size) this.log.append(h("p", { class: "quiet lead" }, t("roomHint")));
    this.log.scrollTop = this.log.scrollHeight;
    this.drawSeats();
  }

  drawSeats() {
    const here = new Set(this.view.personas.map((seat) => seat.name));
    const others = this.personas.filter((persona) => !here.has(persona.name));
    this.controls = new Map();
    replace(this.seats, h("h2", {}, t("who")),
      this.view.personas.map((seat) => this.seat(seat)),
      others.map((persona) => h("button", { type: "button", onclick: () => this.change(() => put(`${this.path}/personas/${persona.name}`)) }, `${t("addPersona")}: ${persona.display_name}`)));
  }

  seat(seat) {
    const path = `${this.path}/personas/${seat.name}`;
    const id = `context-${seat.name}`;
    const length = h("input", { id, type: "number", min: "0", max: "50", step: "1", required: true, value: String(seat.context_length), onchange: () => {
      if (length.checkValidity()) this.change(() => patch(path, { context_length: Number(length.value) }));
      else length.value = String(this.view.personas.find(({ name }) => name === seat.name).context_length);
    } });
    const insanity = toggle(`insanity-${seat.name}`, `${t("insanity")}: ${t("insanityHint")}`, seat.insanity, (insanity) => patch(path, { insanity }));
    this.controls.set(seat.name, { length, insanity });
    return h("div", { class: "seat", role: "group", "aria-label": seat.display_name },
      h("div", { class: "row spread" }, h("span", { class: `chip ${colour(seat.name)}` }, mask(seat.name), seat.display_name), h("button", { type: "button", "aria-label": `${t("leave")}: ${seat.display_name}`, onclick: () => this.change(() => remove(path)) }, t("leave"))),
      insanity, h("label", { class: "inline", for: id }, t("context_length"), length));
  }

  async change(doing) {
    try {
      await doing();
      await this.again();
    } catch (error) {
      notice(error.message);
    }
  }

  // Reads anew who sits here and how. Who stays keeps the same switches, so that nobody's finger or keyboard loses them.
  async again() {
    const names = (view) => view.personas.map((seat) => seat.name).join();
    const before = names(this.view);
    this.view = await get(this.path);
    if (names(this.view) !== before) return this.drawSeats();
    for (const seat of this.view.personas) {
      const { length, insanity } = this.controls.get(seat.name);
      insanity.setAttribute("aria-checked", String(seat.insanity));
      if (document.activeElement !== length) length.value = String(seat.context_length);
    }
  }

  bubble(message) {
    const persona = message.author.persona;
    const answered = message.reply_to && this.messages.get(message.reply_to);
    const whose = persona ? `theirs ${colour(persona)}` : message.author.name === this.name.value ? "mine" : "others";
    return h("article", { class: `bubble ${whose}`, "data-seq": String(message.seq) },
      h("p", { class: "author" }, persona && mask(persona), message.author.name, h("time", { datetime: message.sent_at }, clock(message.sent_at))),
      answered && h("blockquote", {}, h("b", {}, answered.author.name), " ", answered.text.slice(0, 120)),
      h("p", { class: "text" }, message.text),
      h("button", { type: "button", class: "answer", "aria-label": t("replyTo", { name: message.author.name }), onclick: () => this.quote(message) }, t("reply")));
  }

  quote(message) {
    this.replying = message;
    replace(this.quoted, message && h("p", { class: "row spread" }, t("replyTo", { name: message.author.name }), h("button", { type: "button", onclick: () => this.quote(null) }, t("cancel"))));
    this.input.focus();
  }

  async submitted(event) {
    event.preventDefault();
    const text = this.input.value.trim();
    if (!text) return;
    try {
      const said = await post(`${this.path}/messages`, { author: this.name.value, text, reply_to: this.replying?.id ?? null });
      this.input.value = "";
      this.quote(null);
      this.heard(said);
    } catch (error) {
      notice(error.message);
    }
  }

  // Adds a message where it belongs; the stream and our own request may both bring it.
  heard(message) {
    if (this.messages.has(message.seq)) return;
    this.messages.set(message.seq, message);
    this.stopped(message.author.persona);
    const end = atEnd(this.log);
    this.log.querySelector(".lead")?.remove();
    const after = [...this.log.querySelectorAll("[data-seq]")].find((other) => Number(other.dataset.seq) > message.seq);
    this.log.insertBefore(this.bubble(message), after ?? null);
    if (end) this.log.scrollTop = this.log.scrollHeight;
  }

  listen() {
    const last = Math.max(0, ...this.messages.keys());
    this.source = new EventSource(`${this.path}/events?after=${last}`);
    this.source.onopen = () => replace(this.lost);
    this.source.onerror = () => {
      if (this.ended) return;
      replace(this.lost, t("lost"));
      // The browser itself goes on trying unless it was refused.
      if (this.source.readyState === EventSource.CLOSED) this.timer = setTimeout(() => this.listen(), AGAIN);
    };
    const on = (name, heard) => this.source.addEventListener(name, (event) => heard(JSON.parse(event.data)));
    on("message", (message) => this.heard(message));
    on("typing", ({ persona }) => this.types(persona));
    on("room", () => this.again().catch((error) => notice(error.message)));
    on("gone", () => {
      notice(t("gone"));
      location.hash = "#/rooms";
    });
  }

  types(persona) {
    clearTimeout(this.typing.get(persona));
    this.typing.set(persona, setTimeout(() => this.stopped(persona), TYPING));
    this.drawTyping();
  }

  stopped(persona) {
    if (!this.typing.has(persona)) return;
    clearTimeout(this.typing.get(persona));
    this.typing.delete(persona);
    this.drawTyping();
  }

  drawTyping() {
    const name = (persona) => this.view.personas.find((seat) => seat.name === persona)?.display_name ?? persona;
    replace(this.writing, [...this.typing.keys()].map((persona) => t("typing", { name: name(persona) })).join(" "));
  }

  async close() {
    if (!(await agreed(t("deleteAsk", { title: this.view.title }), t("yes"), t("cancel")))) return;
    try {
      await remove(this.path);
      location.hash = "#/rooms";
    } catch (error) {
      notice(error.message);
    }
  }
}
