// What the page asks of the daemon. A refusal is an error whose words are for people.

import { t } from "./texts.js";

function words(status, error = {}, retryAfter = null) {
  const seconds = retryAfter || 2;
  if (status === 429) return t("tooOften", { seconds });
  if (status === 503) return t(error.code === "store_away" || error.code === "stopping" ? error.code : "overloaded", { seconds });
  if (error.code === "login_refused") return t("loginRefused");
  if (status === 401 || error.code === "login_needed") return t("loginNeeded");
  return error.message ?? t("failed", { status });
}

let session = { role: "none", csrf: "", version: "", text_in_live: false };

export const who = () => session;

export async function refresh() {
  session = await get("/console/session");
  return session;
}

async function ask(method, path, body, options = {}) {
  const headers = { ...options.headers };
  if (body !== undefined) headers["content-type"] = "application/json";
  if (method !== "GET") headers["x-csrf-token"] = session.csrf || "visitor";
  let response;
  try {
    response = await fetch(path, {
      method, headers, body: body === undefined ? undefined : JSON.stringify(body), signal: options.signal, credentials: "same-origin",
    });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Error(t("away"));
  }
  if (!response.ok) {
    const told = await response.json().catch(() => null);
    throw new Error(words(response.status, told?.error, response.headers.get("retry-after")));
  }
  return response;
}

async function json(response) {
  return response.status === 204 ? null : response.json();
}

export const get = async (path, options) => json(await ask("GET", path, undefined, options));
export const text = async (path, options) => (await ask("GET", path, undefined, options)).text();
export const post = async (path, body, options) => json(await ask("POST", path, body, options));
export const put = async (path) => json(await ask("PUT", path));
export const patch = async (path, body) => json(await ask("PATCH", path, body));
export const remove = async (path) => json(await ask("DELETE", path));
export const raw = (path, body, options) => ask("POST", path, body, options);
