// Elements from words. Text becomes text and never markup: nothing here reads HTML.

export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name in element && typeof value !== "string") element[name] = value;
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...there(children));
  return element;
}

const SVG = "http://www.w3.org/2000/svg";

export function svg(tag, attributes = {}, ...children) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

export function replace(element, ...children) {
  element.replaceChildren(...there(children));
  return element;
}

const there = (children) => children.flat(2).filter((child) => child !== null && child !== undefined && child !== false);

function hash(name) {
  let hash = 7;
  for (const letter of name) hash = (hash * 31 + letter.codePointAt(0)) % 1000003;
  return hash;
}

// One of eight colours that a name always has.
export const colour = (name) => `c${hash(name) % 8}`;

const MASKS = [
  "M3 13c5-5 11-5 17-1 6-4 12-4 17 1 0 8-4 14-9 14-4 0-5-4-8-4s-4 4-8 4c-5 0-9-6-9-14Z",
  "M2 9c6 3 12 2 18 4 6-2 12-1 18-4-1 10-3 18-10 18-4 0-6-3-8-3s-4 3-8 3C5 27 3 19 2 9Z",
  "M5 12c4-4 10-3 15 0 5-3 11-4 15 0 3 3 3 8-1 12-4 3-10 2-14-1-4 3-10 4-14 1-4-4-4-9-1-12Z",
];

// A persona's mask, for the eye alone: its colour and its shape always go with the name.
export function mask(name, size = "") {
  const eyes = ["M9 16c3-2 6-1 7 2-3 2-6 1-7-2Z", "M31 16c-3-2-6-1-7 2 3 2 6 1 7-2Z"].map((d) => svg("path", { d, class: "eye" }));
  const face = svg("path", { d: MASKS[hash(name) % MASKS.length], fill: "currentColor" });
  return svg("svg", { class: `mask ${colour(name)} ${size}`, viewBox: "0 0 40 36", "aria-hidden": "true" }, face, ...eyes);
}

// Whether who reads looks at the end, and wants to go on doing so.
export const atEnd = (log) => log.scrollHeight - log.scrollTop - log.clientHeight < 80;

// In a field of several lines Enter sends, and Shift with Enter breaks the line.
export function enters(event) {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  event.target.form.requestSubmit();
}

export function notice(text) {
  const place = document.getElementById("notice");
  replace(place, text ? h("p", {}, text) : "");
  clearTimeout(place.timer);
  if (text) place.timer = setTimeout(() => replace(place), 3000 + 60 * text.length);
}

// A switch that changes once what it stands for has.
export function toggle(id, label, on, change) {
  const button = h("button", { type: "button", id, class: "switch", role: "switch", "aria-checked": String(on) }, h("span", { class: "knob" }), label);
  button.addEventListener("click", async () => {
    const wanted = button.getAttribute("aria-checked") !== "true";
    try {
      await change(wanted);
      button.setAttribute("aria-checked", String(wanted));
    } catch (error) {
      notice(error.message);
    }
  });
  return button;
}

// A dialog over the page; whatever closes it, it is gone then.
export function open(dialog, closed = () => {}) {
  dialog.addEventListener("close", () => {
    dialog.remove();
    closed(dialog.returnValue);
  });
  document.body.append(dialog);
  dialog.showModal();
}

// A dialog that answers whether it was agreed to.
export function agreed(question, yes, no) {
  return new Promise((resolve) => {
    const dialog = h("dialog", { class: "ask", "aria-labelledby": "question" },
      h("p", { id: "question" }, question),
      h("div", { class: "row end" },
        h("button", { type: "button", onclick: () => dialog.close() }, no),
        h("button", { type: "button", class: "danger", onclick: () => dialog.close("yes") }, yes)));
    open(dialog, (answer) => resolve(answer === "yes"));
  });
}

// Puts a table in its place, which stays the same element, so that who scrolls or stands in it isn't thrown out.
export function rows(place, label, none, head, body) {
  const table = h("table", {}, h("thead", {}, h("tr", {}, head.map((cell) => h("th", { scope: "col" }, cell)))),
    h("tbody", {}, body.map((row) => h("tr", {}, row.map((cell) => h("td", {}, cell))))));
  const region = place.querySelector(".scroll");
  if (!body.length) replace(place, h("p", { class: "quiet" }, none));
  else if (region) replace(region, table);
  else replace(place, h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": label }, table));
}
