// What the sliders say, as a manifest would.

const ORDER = ["max_new_tokens", "do_sample", "temperature", "top_k", "top_p", "repetition_penalty", "no_repeat_ngram_size"];

export function yaml(settings, contextLength) {
  const lines = ["generation:"];
  for (const name of ORDER) if (settings[name] !== undefined) lines.push(`  ${name}: ${settings[name]}`);
  lines.push("chat_defaults:", `  context_length: ${contextLength}`, "");
  return lines.join("\n");
}

export async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    // Over plain HTTP from elsewhere there is no clipboard for scripts.
    const area = document.createElement("textarea");
    area.value = text;
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
}
