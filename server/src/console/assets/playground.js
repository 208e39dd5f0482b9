// One persona and you: what it says, how, and why.

import { get, post } from "./api.js";
import { atEnd, colour, enters, h, mask, replace } from "./dom.js";
import { promptDialog } from "./prompt.js";
import { Settings } from "./settings.js";
import { stream } from "./stream.js";
import { number, t } from "./texts.js";

// Messages of a conversation that outlive a reload of the page.
const KEPT = 100;

const kept = (name) => `talk:${name}`;

function remembered(name) {
  try {
    return JSON.parse(sessionStorage.getItem(kept(name))) ?? [];
  } catch {
    return [];
  }
}

export async function playground(main) {
  const { personas } = await get("/v1/personas");
  if (!personas.length) return void replace(main, h("section", { class: "card" }, h("h1", {}, t("playground")), h("p", {}, t("noPersonas"))));
  const wanted = sessionStorage.getItem("persona");
  const talk = new Talk(main, personas, personas.find((persona) => persona.name === wanted) ?? personas[0]);
  talk.draw();
  return () => talk.abort();
}

class Talk {
  constructor(main, personas, persona) {
    Object.assign(this, { main, personas, controller: null });
    this.choose(persona);
  }

  choose(persona) {
    this.abort();
    this.persona = persona;
    sessionStorage.setItem("persona", persona.name);
    this.turns = remembered(persona.name);
    this.settings = new Settings(persona);
  }

  abort() {
    this.controller?.abort();
    this.controller = null;
  }

  draw() {
    const select = h("select", { id: "persona", onchange: () => {
      this.choose(this.personas[select.selectedIndex]);
      this.draw();
      document.getElementById("persona").focus();
    } }, this.personas.map((persona) => h("option", { value: persona.name, selected: persona === this.persona }, persona.display_name)));
    this.log = h("div", { class: "log", role: "log", "aria-live": "polite", "aria-label": t("log"), tabindex: "0" });
    this.input = h("textarea", { id: "say", rows: "1", maxlength: "4000", required: true, placeholder: t("message"), onkeydown: enters });
    this.button = h("button", { class: "primary", id: "send" }, t("send"));
    this.actions = h("div", { class: "row actions" });
    this.trouble = h("p", { class: "bad", role: "alert" });
    replace(this.main,
      h("h1", { class: "hidden" }, t("playground")),
      h("div", { class: "two" },
        h("section", { class: "card talk", "aria-label": t("playground") },
          h("div", { class: "row" }, mask(this.persona.name), h("label", { for: "persona" }, t("persona")), select),
          this.log, this.trouble, this.actions,
          h("form", { class: "say", onsubmit: (event) => this.submitted(event) }, h("label", { for: "say", class: "hidden" }, t("message")), this.input, this.button)),
        this.settings.draw()));
    this.fill();
  }

  fill() {
    replace(this.log, this.turns.length ? this.turns.map((turn) => this.bubble(turn)) : h("p", { class: "quiet lead" }, mask(this.persona.name, "large"), t("talkLead")));
    this.act();
    this.log.scrollTop = this.log.scrollHeight;
  }

  // What can be done about the last reply.
  act() {
    const action = (id, doing) => h("button", { type: "button", id, onclick: doing }, t(id));
    const [any, busy] = [this.turns.length > 0, this.controller !== null];
    replace(this.actions, any && !busy && [
      action(this.turns.at(-1).from === "persona" ? "regenerate" : "tryAgain", () => this.again()),
      action("whyPrompt", () => this.why()), action("clear", () => this.clear()),
    ]);
  }

  bubble(turn) {
    const theirs = turn.from === "persona";
    return h("article", { class: `bubble ${theirs ? `theirs ${colour(this.persona.name)}` : "mine"}` },
      h("p", { class: "author" }, theirs ? this.persona.display_name : t("you")),
      h("p", { class: "text" }, turn.text), turn.said && h("p", { class: "note" }, note(turn.said)));
  }

  keep(persona, turns) {
    sessionStorage.setItem(kept(persona.name), JSON.stringify(turns.slice(-KEPT)));
  }

  clear() {
    this.turns = [];
    this.keep(this.persona, this.turns);
    replace(this.trouble);
    this.fill();
    this.input.focus();
  }

  submitted(event) {
    event.preventDefault();
    if (this.controller) return this.abort();
    const text = this.input.value.trim();
    if (!text) return;
    this.input.value = "";
    this.turns.push({ from: "user", text });
    this.answer();
  }

  again() {
    while (this.turns.at(-1)?.from === "persona") this.turns.pop();
    this.input.focus();
    this.answer();
  }

  async answer() {
    const { persona, turns } = this;
    const controller = new AbortController();
    this.controller = controller;
    this.fill();
    replace(this.trouble);
    this.waits(true);
    const turn = { from: "persona", text: "" };
    const bubble = this.bubble(turn);
    bubble.setAttribute("aria-busy", "true");
    this.log.append(bubble);
    this.log.scrollTop = this.log.scrollHeight;
    const request = this.settings.request(turns);
    this.keep(persona, turns);
    let trouble = "";
    try {
      await stream(`/v1/personas/${persona.name}/reply`, request, controller.signal, (name, data) => this.heard(turn, bubble, name, data, request.settings.seed));
      if (!turn.said) trouble = t("brokeOff");
    } catch (error) {
      trouble = error.name === "AbortError" ? "" : error.message;
    }
    if (turn.text) turns.push(turn);
    this.keep(persona, turns);
    // Meanwhile another persona may have been chosen, or another page opened.
    if (!bubble.isConnected) return;
    this.controller = null;
    this.waits(false);
    const end = atEnd(this.log);
    bubble.replaceWith(turn.text ? this.bubble(turn) : "");
    this.act();
    replace(this.trouble, trouble);
    if (end) this.log.scrollTop = this.log.scrollHeight;
  }

  heard(turn, bubble, name, data, seed) {
    const end = atEnd(this.log);
    if (name === "error") throw new Error(data.error?.message ?? t("failed", { status: "" }));
    if (name === "text") turn.text += data.text;
    if (name === "reply") {
      const { outcome, generated_tokens, timings } = data;
      Object.assign(turn, { text: data.reply, said: { outcome, generated_tokens, timings, seed } });
    }
    bubble.querySelector(".text").textContent = turn.text;
    if (end) this.log.scrollTop = this.log.scrollHeight;
  }

  waits(busy) {
    this.button.textContent = t(busy ? "stop" : "send");
    // A reply is stopped by the same button, whatever stands in the field.
    this.input.required = !busy;
  }

  async why() {
    const turns = this.turns.at(-1)?.from === "persona" ? this.turns.slice(0, -1) : this.turns;
    try {
      promptDialog(await post(`/v1/personas/${this.persona.name}/prompt`, this.settings.asked(turns)));
    } catch (error) {
      replace(this.trouble, error.message);
    }
  }
}

// What a reply took.
function note({ outcome, generated_tokens, timings, seed }) {
  const seconds = (timings.generate_ms + timings.prompt_ms) / 1000;
  return [
    t("tokenCount", { n: generated_tokens }), seconds > 0 && t("speed", { n: number(timings.generated_tokens / seconds, 0) }),
    t("times", { queue: number(timings.queue_ms, 0), prompt: number(timings.prompt_ms, 0), reply: number(timings.generate_ms, 0) }),
    `${t("seed").toLowerCase()} ${seed}`, outcome === "fallback" && t("fallback"),
  ].filter(Boolean).join(" · ");
}
