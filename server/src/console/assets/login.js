// Logging in: by a link, whose secret stands behind the # and is seen by no server and no log, or by a key.

import { post } from "./api.js";
import { h, replace } from "./dom.js";
import { t } from "./texts.js";

// Uses up the link that the page was opened with, if it was; returns what came of it.
export async function loginByLink() {
  const found = /^#login=(.+)$/.exec(location.hash);
  if (!found) return null;
  // Out of the address bar and of the history, whatever becomes of it.
  history.replaceState(null, "", "/#/");
  try {
    await post("/console/login", { link: found[1] });
    return t("loggedIn");
  } catch (error) {
    return error.message;
  }
}

export function loginPage(main, arrived) {
  const trouble = h("p", { class: "bad", role: "alert" });
  const key = h("input", { id: "key", type: "password", autocomplete: "current-password", required: true });
  const form = h("form", { class: "stack", onsubmit: async (event) => {
    event.preventDefault();
    try {
      await post("/console/login", { key: key.value });
      await arrived();
    } catch (error) {
      replace(trouble, error.message);
      key.focus();
    }
  } },
    h("label", { for: "key" }, t("key")), key,
    h("p", { class: "quiet" }, t("loginKey")),
    h("button", { class: "primary" }, t("login")), trouble);
  replace(main, h("section", { class: "card narrow stack" },
    h("h1", {}, t("login")), h("p", {}, t("loginHow")), h("pre", {}, h("code", {}, "maskarad console-link")), form));
}
