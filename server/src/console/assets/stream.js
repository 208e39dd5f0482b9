// Reads a reply as it comes: server-sent events of a POST, which EventSource can't send.

import { raw } from "./api.js";
import { t } from "./texts.js";

export async function stream(path, body, signal, heard) {
  const response = await raw(path, { ...body, stream: true }, { signal });
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let buffer = "";
  for (;;) {
    const { value, done } = await reader.read().catch((error) => {
      throw error.name === "AbortError" ? error : new Error(t("brokeOff"));
    });
    if (done) return;
    buffer += value;
    const events = buffer.split("\n\n");
    buffer = events.pop();
    for (const event of events) tell(event, heard);
  }
}

function tell(event, heard) {
  let name = "message";
  const data = [];
  for (const line of event.split("\n")) {
    if (line.startsWith("event:")) name = line.slice(6).trim();
    else if (line.startsWith("data:")) data.push(line.slice(5).replace(/^ /, ""));
  }
  if (data.length) heard(name, JSON.parse(data.join("\n")));
}
