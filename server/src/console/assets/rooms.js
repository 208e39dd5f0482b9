// The rooms there are, and a new one.

import { get, post } from "./api.js";
import { colour, h, mask, notice, replace } from "./dom.js";
import { t, time } from "./texts.js";

export async function rooms(main) {
  const [{ rooms: there }, { personas }] = await Promise.all([get("/console/rooms"), get("/v1/personas")]);
  const shown = new Map(personas.map((persona) => [persona.name, persona.display_name]));
  replace(main,
    h("h1", {}, t("rooms")), h("p", { class: "quiet" }, t("roomsLead")),
    h("div", { class: "two" },
      h("section", { class: "stack" }, there.length ? h("ul", { class: "rooms" }, there.map((room) => line(room, shown))) : h("p", { class: "card" }, t("noRooms"))),
      form(personas)));
}

function line(room, shown) {
  return h("li", {}, h("a", { class: "card", href: `#/rooms/${room.id}` },
    h("strong", {}, room.title),
    h("span", { class: "row" }, room.personas.map((name) => h("span", { class: `chip ${colour(name)}` }, mask(name), shown.get(name) ?? name))),
    h("span", { class: "quiet" }, t("messageCount", { n: room.messages }), room.last_at ? ` · ${time(room.last_at)}` : "")));
}

function form(personas) {
  const title = h("input", { id: "title", maxlength: "100", required: true, value: t("kitchen") });
  const boxes = personas.map((persona, index) => {
    const id = `sit-${persona.name}`;
    return h("label", { class: "check", for: id }, h("input", { type: "checkbox", id, name: "persona", value: persona.name, checked: index < 2 }), persona.display_name);
  });
  return h("form", { class: "card stack", onsubmit: async (event) => {
    event.preventDefault();
    const chosen = [...event.target.querySelectorAll("input[name=persona]:checked")].map((box) => box.value);
    try {
      const room = await post("/console/rooms", { title: title.value, personas: chosen });
      location.hash = `#/rooms/${room.id}`;
    } catch (error) {
      notice(error.message);
    }
  } },
    h("h2", {}, t("newRoom")), h("label", { for: "title" }, t("title")), title,
    h("fieldset", {}, h("legend", {}, t("who")), boxes), h("button", { class: "primary" }, t("openRoom")));
}
