// How a persona's replies are made: what its manifest says, until the sliders say otherwise.

import { h, notice } from "./dom.js";
import { copy, yaml } from "./manifest.js";
import { number, t } from "./texts.js";

// Name, least and step of each slider, and its most, which may be the persona's own.
const SLIDERS = [
  ["temperature", 0, 0.05, () => 2], ["top_k", 0, 1, () => 200], ["top_p", 0.05, 0.05, () => 1], ["repetition_penalty", 1, 0.05, () => 2],
  ["no_repeat_ngram_size", 0, 1, () => 10], ["max_new_tokens", 1, 1, (persona) => persona.max_new_tokens], ["context_length", 0, 1, () => 50],
];

// What was chosen for each persona since the page was opened.
const chosen = new Map();

function manifest(persona) {
  const { do_sample, ...settings } = persona.settings;
  const values = { ...settings, max_new_tokens: persona.max_new_tokens, context_length: persona.context_length };
  // A temperature of 0 is how the API is asked for the likeliest tokens.
  if (!do_sample) values.temperature = 0;
  return { values, seed: "", pinned: false };
}

export class Settings {
  constructor(persona) {
    this.persona = persona;
    if (!chosen.has(persona.name)) chosen.set(persona.name, manifest(persona));
  }

  get own() {
    return chosen.get(this.persona.name);
  }

  // What is asked: as many of the last messages as the context holds, and the one to answer.
  asked(turns) {
    const { context_length, ...settings } = this.own.values;
    return { turns: turns.slice(-1 - context_length).map(({ from, text }) => ({ from, text })), settings };
  }

  // The same for a reply, which needs a seed.
  request(turns) {
    const { own } = this;
    if (!own.pinned || own.seed === "") own.seed = String(Math.floor(Math.random() * 2 ** 31));
    this.seed.value = own.seed;
    const { settings, ...asked } = this.asked(turns);
    return { ...asked, settings: { ...settings, seed: Math.trunc(Number(own.seed)) || 0 } };
  }

  draw(open = matchMedia("(min-width: 60rem)").matches) {
    const sliders = SLIDERS.map((slider) => this.slider(...slider));
    this.element = h("details", { class: "card settings", open },
      h("summary", {}, h("h2", {}, t("settings"))), sliders, this.seeds(),
      h("div", { class: "row" },
        h("button", { type: "button", id: "as-manifest", onclick: () => this.reset() }, t("asManifest")),
        h("button", { type: "button", id: "copy-yaml", onclick: async () => notice(t((await copy(yaml(this.own.values))) ? "copied" : "notCopied")) }, t("copyYaml"))));
    return this.element;
  }

  slider(name, min, step, most) {
    const { values } = this.own;
    const said = manifest(this.persona).values[name];
    const output = h("output", { for: name });
    const input = h("input", { id: name, type: "range", min: String(min), max: String(most(this.persona)), step: String(step), oninput: () => {
      values[name] = Number(input.value);
      show();
    } });
    const show = () => {
      output.textContent = number(values[name], 2);
      output.classList.toggle("changed", values[name] !== said);
    };
    input.value = String(values[name]);
    show();
    return h("div", { class: "slider" }, h("label", { for: name }, t(name)), output, input);
  }

  seeds() {
    this.seed = h("input", { id: "seed", type: "number", min: "0", step: "1", oninput: () => {
      Object.assign(this.own, { seed: this.seed.value, pinned: this.seed.value !== "" });
      pin.checked = this.own.pinned;
    } });
    this.seed.value = this.own.seed;
    const pin = h("input", { id: "pin", type: "checkbox", checked: this.own.pinned, onchange: () => { this.own.pinned = pin.checked; } });
    return h("div", { class: "row" }, h("label", { for: "seed" }, t("seed")), this.seed, h("label", { class: "check", for: "pin" }, pin, t("pin")));
  }

  reset() {
    chosen.set(this.persona.name, manifest(this.persona));
    this.element.replaceWith(this.draw(true));
    document.getElementById("as-manifest").focus();
  }
}
