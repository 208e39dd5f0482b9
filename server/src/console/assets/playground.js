// One persona and you: what it says, how, and why.

import { get, post } from "./api.js";
import { colour, h, notice, replace } from "./dom.js";
import { copy, yaml } from "./manifest.js";
import { stream } from "./stream.js";
import { number, t } from "./texts.js";

// Name, from, to and step of each slider.
const SLIDERS = [
  ["temperature", 0, 2, 0.05], ["top_k", 0, 200, 1], ["top_p", 0.05, 1, 0.05], ["repetition_penalty", 1, 2, 0.05],
  ["no_repeat_ngram_size", 0, 10, 1], ["max_new_tokens", 1, 128, 1], ["context_length", 0, 50, 1],
];

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
    this.values = this.manifest();
    this.seed = "";
  }

  manifest() {
    const { settings, max_new_tokens, context_length } = this.persona;
    return { ...settings, max_new_tokens, context_length };
  }

  abort() {
    this.controller?.abort();
  }

  draw() {
    const select = h("select", { id: "persona", onchange: (event) => { this.choose(this.personas[event.target.selectedIndex]); this.draw(); document.getElementById("persona").focus(); } },
      this.personas.map((persona) => h("option", { value: persona.name, selected: persona === this.persona }, persona.display_name)));
    this.log = h("div", { class: "log", role: "log", "aria-live": "polite", "aria-label": t("log"), tabindex: "0" });
    this.input = h("textarea", { id: "say", rows: "1", maxlength: "4000", required: true, placeholder: t("message"), onkeydown: (event) => this.pressed(event) });
    this.button = h("button", { class: "primary" }, t("send"));
    this.actions = h("div", { class: "row" });
    replace(this.main,
      h("h1", { class: "hidden" }, t("playground")),
      h("div", { class: "two" },
        h("section", { class: "card talk" },
          h("div", { class: "row" }, h("label", { for: "persona" }, t("persona")), select),
          this.log, this.actions,
          h("form", { class: "say", onsubmit: (event) => this.submitted(event) }, h("label", { for: "say", class: "hidden" }, t("message")), this.input, this.button)),
        this.settings()));
    this.fill();
  }

  fill() {
    replace(this.log, this.turns.length ? this.turns.map((turn) => this.bubble(turn)) : h("p", { class: "quiet lead" }, t("talkLead")));
    this.log.scrollTop = this.log.scrollHeight;
    const answered = this.turns.at(-1)?.from === "persona";
    replace(this.actions,
      answered && h("button", { type: "button", onclick: () => this.again() }, t("regenerate")),
      this.turns.length > 0 && h("button", { type: "button", onclick: () => this.why() }, t("whyPrompt")),
      this.turns.length > 0 && h("button", { type: "button", onclick: () => { this.turns = []; this.keep(); this.fill(); this.input.focus(); } }, t("clear")));
  }

  bubble(turn) {
    const theirs = turn.from === "persona";
    return h("article", { class: `bubble ${theirs ? `theirs ${colour(this.persona.name)}` : "mine"}` },
      h("p", { class: "author" }, theirs ? this.persona.display_name : t("you")),
      h("p", { class: "text" }, turn.text), turn.note && h("p", { class: "note" }, turn.note));
  }

  keep() {
    sessionStorage.setItem(kept(this.persona.name), JSON.stringify(this.turns.slice(-100)));
  }

  pressed(event) {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      this.input.form.requestSubmit();
    }
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
    this.answer();
  }

  // What is asked: as many of the last messages as the context holds, and the one to answer.
  request(turns) {
    const { context_length, ...settings } = this.values;
    const last = turns.slice(-1 - context_length).map(({ from, text }) => ({ from, text }));
    const seed = this.seed === "" ? Math.floor(Math.random() * 2 ** 31) : Number(this.seed);
    return { turns: last, settings: { ...settings, seed } };
  }

  async answer() {
    this.fill();
    const request = this.request(this.turns);
    const turn = { from: "persona", text: "" };
    const bubble = this.bubble(turn);
    bubble.setAttribute("aria-busy", "true");
    const shown = bubble.querySelector(".text");
    this.log.append(bubble);
    this.controller = new AbortController();
    this.button.textContent = t("stop");
    try {
      await stream(`/v1/personas/${this.persona.name}/reply`, request, this.controller.signal, (name, data) => {
        if (name === "text") turn.text += data.text;
        else if (name === "reply") this.finish(turn, data, request.settings.seed);
        else if (name === "error") throw new Error(data.error?.message ?? t("failed", { status: "" }));
        shown.textContent = turn.text;
        this.log.scrollTop = this.log.scrollHeight;
      });
    } catch (error) {
      if (error.name !== "AbortError") notice(error.message);
    }
    this.controller = null;
    this.button.textContent = t("send");
    if (turn.text) this.turns.push(turn);
    this.keep();
    if (bubble.isConnected) this.fill();
  }

  finish(turn, reply, seed) {
    const { timings } = reply;
    const speed = timings.generated_tokens / ((timings.generate_ms + timings.prompt_ms) / 1000 || 1);
    turn.text = reply.reply;
    turn.note = [
      t("tokenCount", { n: reply.generated_tokens }), t("speed", { n: number(speed, 0) }),
      t("firstToken", { n: number(timings.queue_ms + timings.prompt_ms, 0) }), `seed ${seed}`, reply.outcome === "fallback" && t("fallback"),
    ].filter(Boolean).join(" · ");
  }

  async why() {
    const turns = this.turns.at(-1)?.from === "persona" ? this.turns.slice(0, -1) : this.turns;
    try {
      const prompt = await post(`/v1/personas/${this.persona.name}/prompt`, this.request(turns));
      const dialog = h("dialog", { class: "prompt", "aria-labelledby": "why" },
        h("h2", { id: "why" }, t("whyPrompt")), h("p", {}, t("promptLead")),
        h("pre", { tabindex: "0" }, prompt.text),
        h("h3", {}, t("tokenCount", { n: prompt.tokens.length })),
        h("ol", { class: "tokens", tabindex: "0" }, prompt.tokens.map((token) => h("li", {}, h("span", {}, token.text || "␣"), h("small", {}, String(token.id))))),
        h("div", { class: "row end" }, h("button", { type: "button", class: "primary", onclick: () => dialog.close() }, t("close"))));
      dialog.addEventListener("close", () => dialog.remove());
      document.body.append(dialog);
      dialog.showModal();
    } catch (error) {
      notice(error.message);
    }
  }

  settings() {
    const sliders = SLIDERS.map(([name, min, max, step]) => {
      const output = h("output", { for: name }, number(this.values[name], 2));
      const input = h("input", { id: name, type: "range", min: String(min), max: String(max), step: String(step), oninput: () => {
        this.values[name] = Number(input.value);
        output.textContent = number(this.values[name], 2);
      } });
      input.value = String(this.values[name]);
      return h("div", { class: "slider" }, h("label", { for: name }, t(name)), output, input);
    });
    const seed = h("input", { id: "seed", type: "number", min: "0", step: "1", value: this.seed, oninput: () => { this.seed = seed.value; } });
    const section = h("details", { class: "card settings", open: matchMedia("(min-width: 60rem)").matches },
      h("summary", {}, h("h2", {}, t("settings"))), sliders, h("label", { for: "seed" }, t("seed")), seed,
      h("div", { class: "row" },
        h("button", { type: "button", onclick: () => { this.values = this.manifest(); this.seed = ""; const fresh = this.settings(); fresh.open = true; section.replaceWith(fresh); } }, t("asManifest")),
        h("button", { type: "button", onclick: async () => { const { context_length, ...settings } = this.values; await copy(yaml(settings, context_length)); notice(t("copied")); } }, t("copyYaml"))));
    return section;
  }
}
