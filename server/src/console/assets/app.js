// The shell: who is here, which page is open, in which language and light.

import { post, refresh, who } from "./api.js";
import { chats } from "./chats.js";
import { h, notice, replace } from "./dom.js";
import { live } from "./live.js";
import { loginPage, loginByLink } from "./login.js";
import { playground } from "./playground.js";
import { room } from "./room.js";
import { rooms } from "./rooms.js";
import { language, speak, t } from "./texts.js";

// Each page draws itself into the main element, and returns what ends it.
const PAGES = [
  { path: /^\/$/, name: "playground", needs: "visitor", draw: playground },
  { path: /^\/rooms$/, name: "rooms", needs: "visitor", draw: rooms },
  { path: /^\/rooms\/(\d+)$/, name: "rooms", needs: "visitor", draw: room },
  { path: /^\/live$/, name: "live", needs: "operator", draw: live },
  { path: /^\/chats$/, name: "chats", needs: "operator", draw: chats },
];
const MENU = [["playground", "#/"], ["rooms", "#/rooms"], ["live", "#/live"], ["chats", "#/chats"]];

let end = null;
let drawn = 0;
let opened = "playground";

const may = (needs) => who().role === "operator" || (needs === "visitor" && who().role === "visitor");

async function show(moved) {
  const path = location.hash.replace(/^#/, "") || "/";
  const page = PAGES.find((page) => page.path.test(path)) ?? PAGES[0];
  const main = document.getElementById("main");
  for (const dialog of document.querySelectorAll("dialog")) dialog.close();
  end?.();
  end = null;
  const turn = ++drawn;
  opened = page.name;
  menu(opened);
  document.title = `${t(page.name)} · Maskarad`;
  try {
    const ending = may(page.needs) ? await page.draw(main, page.path.exec(path)?.[1]) : loginPage(main, arrived);
    if (turn === drawn) end = ending ?? null;
    else ending?.();
  } catch (error) {
    replace(main, h("section", { class: "card" }, h("h1", {}, t(page.name)), h("p", { class: "bad", role: "alert" }, error.message)));
  }
  if (moved && turn === drawn) main.focus({ preventScroll: true });
}

function menu(open) {
  const links = MENU.map(([name, href]) => h("a", { href, "aria-current": name === open ? "page" : null }, t(name)));
  replace(document.getElementById("nav"), links);
  document.getElementById("skip").textContent = t("skip");
  const dark = document.documentElement.dataset.theme === "dark";
  const theme = h("button", { type: "button", class: "tool", id: "theme", "aria-pressed": String(dark), "aria-label": t("theme"), title: t("theme"), onclick: () => choose(dark ? "light" : "dark") }, dark ? "☾" : "☀");
  const other = language() === "ru" ? "en" : "ru";
  const speech = h("button", { type: "button", class: "tool", id: "language", lang: other, onclick: async () => {
    speak(other);
    await show();
    document.getElementById("language").focus();
  } }, t("language"));
  const out = who().role === "operator" && h("button", { type: "button", class: "tool wide", id: "logout", onclick: leave }, t("logout"));
  replace(document.getElementById("tools"), theme, speech, out);
}

async function leave() {
  try {
    await post("/console/logout", {});
    await refresh();
  } catch (error) {
    notice(error.message);
  }
  show();
}

async function arrived() {
  await refresh();
  notice(t("loggedIn"));
  show(true);
}

const system = matchMedia("(prefers-color-scheme: dark)");

// As was chosen here, or else as the system has it.
function paint() {
  document.documentElement.dataset.theme = localStorage.getItem("theme") ?? (system.matches ? "dark" : "light");
  menu(opened);
}

function choose(theme) {
  localStorage.setItem("theme", theme);
  paint();
  document.getElementById("theme").focus();
}

async function start() {
  speak(language());
  paint();
  system.addEventListener("change", paint);
  // Not by its address: the one of a page stands there.
  document.getElementById("skip").addEventListener("click", (event) => {
    event.preventDefault();
    document.getElementById("main").focus();
  });
  let told = null;
  try {
    told = await loginByLink();
    await refresh();
  } catch (error) {
    notice(error.message);
  }
  window.addEventListener("hashchange", async () => {
    if (location.hash.startsWith("#login=")) location.reload();
    else await show(true);
  });
  await show();
  if (told) notice(told);
}

start();
