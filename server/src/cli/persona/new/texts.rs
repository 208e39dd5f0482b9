//! The two files of a new persona, with comments for whoever goes on with them.

use std::path::{Path, PathBuf};

use super::relative;

/// Where the manifests' JSON Schema is: in a checkout of the repository, beside the folder of manifests; and as the package
/// installs it.
const SCHEMAS: [&str; 2] = ["../docs/persona.schema.json", "/usr/share/maskarad/persona.schema.json"];

/// Everything that the files tell.
pub(super) struct Told {
    pub(super) name: String,
    pub(super) base: PathBuf,
    pub(super) template: String,
    pub(super) display_name: String,
    pub(super) sources: Vec<PathBuf>,
    pub(super) format: String,
    pub(super) answers: Vec<String>,
}

/// The manifest, for a file in `folder`.
pub(super) fn manifest(told: &Told, folder: &Path) -> std::io::Result<String> {
    let Told { name, template, display_name, .. } = told;
    let (base, display) = (quoted_path(&relative(&told.base, folder)?), quoted(display_name));
    let variable = name.to_uppercase().replace('-', "_");
    let modeline = modeline(folder);
    Ok(format!(
        "{modeline}# {name}: how it is served. How it is made is told in workshop/{name}.yaml.
# docs/MANIFESTS.md, and avtobus.yaml, which both come with Maskarad, explain every key that a manifest may have.

name: {name}
display_name: {display}
# The token from @BotFather, in this environment variable. Without `optional` its absence is an error.
token: {{ env: {variable}_TOKEN, optional: true }}

model:
  # The base, and what `maskarad persona build {name}` trains on it.
  path: {base}
  adapter: adapters/{name}
template: {template}

generation:
  max_new_tokens: 64
  temperature: 0.8
  top_p: 0.9
  repetition_penalty: 1.1
  no_repeat_ngram_size: 3

triggers:
  names: [{display}]
"
    ))
}

/// Tells editors what a manifest may hold, if a schema is there.
fn modeline(folder: &Path) -> String {
    let schema = SCHEMAS.iter().find(|schema| folder.join(schema).is_file());
    schema.map(|schema| format!("# yaml-language-server: $schema={schema}\n")).unwrap_or_default()
}

/// The workshop file, for a file in `folder`.
pub(super) fn workshop(told: &Told, folder: &Path) -> std::io::Result<String> {
    let Told { name, format, answers, .. } = told;
    let mut sources = String::new();
    for source in &told.sources {
        sources += &format!("  - {{ path: {}, format: {format} }}\n", quoted_path(&relative(source, folder)?));
    }
    let answers: Vec<String> = answers.iter().map(|author| quoted(author)).collect();
    let answers = answers.join(", ");
    Ok(format!(
        "# How {name} is made; `maskarad persona build {name}` goes this road. Paths are relative to this file.

manifest: ../{name}.yaml

# What it is made of. A source may also say how it is read: gap_minutes, burst_minutes, context, and what belongs to its
# format; `maskarad corpus import --help` explains them.
sources:
{sources}
# What it is measured by, and doesn't learn: the last part of each source, or else `sources` of their own.
held_out: {{ share: 0.05 }}

# Links, @names, mail addresses, phone numbers, cards and wallets are cut out; of each kind one may also say keep, mask or
# drop. `maskarad corpus clean --help` explains the rest.
clean: {{ min_chars: 2, near_duplicates: 0.9 }}

# A classifier keeps the most toxic quarter, say, or all that isn't toxic.
# filter: {{ model: ../models/rubert-toxic, keep_above_quantile: 0.75 }}
# filter: {{ model: ../models/rubert-toxic, drop_above: 0.5 }}

# The names and meanings are those of Hugging Face's TrainingArguments and PEFT's LoraConfig.
train:
  persona: [{answers}]        # whose lines are learned; empty: those of whoever speaks last in a dialogue
  num_train_epochs: 3
  learning_rate: 1e-3
  lr_scheduler_type: cosine
  warmup_ratio: 0.05
  per_device_train_batch_size: 8
  lora: {{ r: 16, lora_alpha: 32, lora_dropout: 0.05, target_modules: [c_attn, c_proj, c_fc] }}
  # early_stopping_patience: 2  # ends when what is held out gets no better; wants some hundreds of dialogues
  seed: 42

# `gate` keeps a persona that is worse than the one in its place from replacing it.
eval: {{ gate: false, replies: 200 }}
"
    ))
}

/// As a scalar of YAML, whatever it holds: JSON's strings are such.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

fn quoted_path(path: &Path) -> String {
    quoted(&path.to_string_lossy())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn editors_are_pointed_at_a_schema_that_is_there() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("personas");
        let schema = root.path().join("docs/persona.schema.json");
        let installed = Path::new(SCHEMAS[1]).is_file();
        std::fs::create_dir_all(&folder).unwrap();
        assert_eq!(modeline(&folder).is_empty(), !installed);
        std::fs::create_dir_all(schema.parent().unwrap()).unwrap();
        std::fs::write(schema, "{}").unwrap();
        assert_eq!(modeline(&folder), "# yaml-language-server: $schema=../docs/persona.schema.json\n");
    }
}
