// Elements from words. Text becomes text and never markup: nothing here reads HTML.

export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name in element && typeof value !== "string") element[name] = value;
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
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
  element.replaceChildren(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

// One of eight colours that a name always has.
export function colour(name) {
  let hash = 7;
  for (const letter of name) hash = (hash * 31 + letter.codePointAt(0)) % 1000003;
  return `c${hash % 8}`;
}

export function notice(text) {
  const place = document.getElementById("notice");
  replace(place, text ? h("p", {}, text) : "");
  clearTimeout(place.timer);
  if (text) place.timer = setTimeout(() => replace(place), 6000);
}

// A switch that asks before it is what it says.
export function toggle(label, on, change) {
  const button = h("button", { type: "button", class: "switch", role: "switch", "aria-checked": String(on) }, h("span", { class: "knob" }), label);
  button.addEventListener("click", async () => {
    const wanted = button.getAttribute("aria-checked") !== "true";
    button.disabled = true;
    try {
      await change(wanted);
      button.setAttribute("aria-checked", String(wanted));
    } finally {
      button.disabled = false;
      button.focus();
    }
  });
  return button;
}

// A dialog that answers whether it was agreed to.
export function agreed(question, yes, no) {
  return new Promise((resolve) => {
    const close = (answer) => {
      dialog.close();
      dialog.remove();
      resolve(answer);
    };
    const dialog = h("dialog", { class: "ask", "aria-labelledby": "question" },
      h("p", { id: "question" }, question),
      h("div", { class: "row end" },
        h("button", { type: "button", onclick: () => close(false) }, no),
        h("button", { type: "button", class: "danger", onclick: () => close(true) }, yes)));
    dialog.addEventListener("cancel", (event) => {
      event.preventDefault();
      close(false);
    });
    document.body.append(dialog);
    dialog.showModal();
  });
}
