// «Why this prompt?»: exactly what the checkpoint reads, and the tokens it sees.

import { h, open } from "./dom.js";
import { t } from "./texts.js";

// Breaks and lone spaces are to be seen, too.
function visible(text) {
  const shown = text.replaceAll("\n", "↵").replaceAll("\t", "⇥");
  return shown.trim() === "" ? "␣".repeat(Math.max(1, shown.length)) : shown;
}

export function promptDialog({ text, tokens }) {
  const list = h("ol", { class: "tokens", tabindex: "0", "aria-label": t("tokens") },
    tokens.map((token) => h("li", {}, h("span", {}, visible(token.text)), h("small", {}, String(token.id)))));
  const dialog = h("dialog", { class: "prompt", "aria-labelledby": "why" },
    h("h2", { id: "why" }, t("whyPrompt")), h("p", {}, t("promptLead")),
    h("pre", { tabindex: "0", role: "group", "aria-label": t("promptLead") }, text),
    h("h3", {}, t("tokenCount", { n: tokens.length })), list,
    h("div", { class: "row end" }, h("button", { type: "button", class: "primary", onclick: () => dialog.close() }, t("close"))));
  open(dialog);
}
