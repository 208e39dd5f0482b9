// The chats there are: found, set, read where that is allowed, and forgotten; and who has changed what.

import { get, patch, remove, who } from "./api.js";
import { agreed, h, mask, notice, replace, rows } from "./dom.js";
import { t, time, word } from "./texts.js";

export async function chats(main) {
  const { personas } = await get("/v1/personas");
  const page = new Chats(main, personas);
  await page.draw();
}

class Chats {
  constructor(main, personas) {
    Object.assign(this, { main, personas, asked: 0 });
  }

  async draw() {
    this.search = h("input", { id: "search", type: "search", maxlength: "100", placeholder: t("search"), oninput: () => this.later() });
    this.persona = h("select", { id: "of", onchange: () => this.find() },
      h("option", { value: "" }, t("allPersonas")), this.personas.map((persona) => h("option", { value: persona.name }, persona.display_name)));
    this.list = h("ul", { class: "chats" });
    this.more = h("div");
    this.log = h("div");
    replace(this.main, h("h1", {}, t("chats")),
      h("div", { class: "row" },
        h("label", { for: "search", class: "hidden" }, t("search")), this.search,
        h("label", { for: "of", class: "hidden" }, t("persona")), this.persona),
      this.list, this.more, h("h2", {}, t("audit")), this.log);
    await Promise.all([this.find(), this.audit()]);
  }

  later() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.find(), 250);
  }

  async find(before = "") {
    const query = new URLSearchParams({ search: this.search.value, persona: this.persona.value, before, limit: "30" });
    const turn = ++this.asked;
    try {
      const page = await get(`/console/chats?${query}`);
      // Whoever types on has asked for something else meanwhile.
      if (turn !== this.asked) return;
      if (!before) replace(this.list);
      this.list.append(...page.chats.map((chat) => this.line(chat)));
      if (!this.list.children.length) this.list.append(h("li", { class: "quiet" }, t("noChats")));
      replace(this.more, page.more && h("button", { type: "button", onclick: () => this.find(page.next) }, t("more")));
    } catch (error) {
      notice(error.message);
    }
  }

  line(chat) {
    const path = `/console/chats/${chat.persona}/${chat.transport}/${chat.chat}`;
    const title = chat.title || t("untitled");
    const id = `${chat.persona}-${chat.transport}-${chat.chat}`;
    const texts = h("div", { class: "texts" });
    const item = h("li", { class: "card" },
      h("div", { class: "row spread" }, h("h2", { class: "row" }, mask(chat.persona), title), h("span", { class: "quiet" }, `${chat.persona} · ${word(chat.kind)} · ${chat.transport} ${chat.chat} · ${time(chat.last_at)}`)),
      !chat.active && h("p", { class: "bad" }, t("inactive")),
      h("div", { class: "row" },
        this.insanity(chat, path, `${id}-insanity`), this.context(chat, path, `${id}-context`),
        who().text_in_live && h("button", { type: "button", "aria-label": `${t("read")}: ${title}`, onclick: () => this.read(path, texts) }, t("read")),
        h("button", { type: "button", class: "danger", "aria-label": `${t("forget")}: ${title}`, onclick: () => this.forget(path, title, item) }, t("forget"))),
      texts);
    return item;
  }

  insanity(chat, path, id) {
    const word = (on) => (on ? t("on") : t("off"));
    const option = (value, label) => h("option", { value: String(value), selected: String(chat.settings.insanity) === String(value) }, label);
    const select = h("select", { id, onchange: () => this.set(path, { insanity: JSON.parse(select.value) }) },
      option(null, t("manifestSays", { value: chat.defaults ? word(chat.defaults.insanity) : "–" })), option(true, t("on")), option(false, t("off")));
    return h("label", { class: "inline", for: id }, t("insanity"), select);
  }

  context(chat, path, id) {
    const input = h("input", { id, type: "number", min: "0", max: "50", value: chat.settings.context_length === null ? "" : String(chat.settings.context_length), placeholder: String(chat.defaults?.context_length ?? ""),
      onchange: () => this.set(path, { context_length: input.value === "" ? null : Number(input.value) }) });
    return h("label", { class: "inline", for: id }, t("context_length"), input);
  }

  async set(path, change) {
    try {
      await patch(path, change);
      await this.audit();
    } catch (error) {
      notice(error.message);
      await this.find();
    }
  }

  async forget(path, title, item) {
    if (!(await agreed(t("forgetAsk", { title }), t("yes"), t("cancel")))) return;
    try {
      const forgotten = await remove(path);
      item.remove();
      notice(t("forgotten", { n: forgotten.messages }));
      await this.audit();
    } catch (error) {
      notice(error.message);
    }
  }

  async read(path, place) {
    try {
      const { messages } = await get(`${path}/messages`);
      replace(place, messages.length ? messages.map((message) => h("p", {}, h("b", {}, message.author), " ", message.text)) : h("p", { class: "quiet" }, t("empty")));
      await this.audit();
    } catch (error) {
      notice(error.message);
    }
  }

  async audit() {
    const { entries } = await get("/console/audit?limit=50");
    const place = (entry) => (entry.chat === null ? entry.persona ?? "" : `${entry.persona ?? ""} ${entry.transport} ${entry.chat}`);
    rows(this.log, t("audit"), t("empty"), [t("when"), t("whoDid"), t("what"), t("where")],
      entries.map((entry) => [time(entry.at), entry.who, [word(entry.action), entry.detail].filter(Boolean).join(": "), place(entry)]));
  }
}
