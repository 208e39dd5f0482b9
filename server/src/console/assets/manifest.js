// What the sliders say, as a manifest would.

const ORDER = ["max_new_tokens", "do_sample", "temperature", "top_k", "top_p", "repetition_penalty", "no_repeat_ngram_size"];

export function yaml({ context_length, ...values }) {
  // A manifest's temperature is above 0; it asks for the likeliest tokens in another way.
  const sampled = values.temperature !== 0;
  const said = { ...values, do_sample: sampled, temperature: sampled ? values.temperature : undefined };
  const lines = ORDER.filter((name) => said[name] !== undefined).map((name) => `  ${name}: ${said[name]}`);
  return ["generation:", ...lines, "chat_defaults:", `  context_length: ${context_length}`, ""].join("\n");
}

// Whether it is on the clipboard now.
export async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    // Over plain HTTP from elsewhere scripts have no clipboard; what is selected can still be copied.
    const before = document.activeElement;
    const area = document.createElement("textarea");
    area.value = text;
    document.body.append(area);
    area.select();
    const copied = document.execCommand("copy");
    area.remove();
    before?.focus();
    return copied;
  }
}
