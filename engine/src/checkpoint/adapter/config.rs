//! `adapter_config.json` as PEFT writes it. Which layers it names, at which rank and scale; whatever would change the
//! result and isn't honoured is refused. Knows no tensors.

use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use super::super::error::LoadError;
use crate::model::adapter::Site;

/// Fields that say how an adapter was trained or where it came from, and nothing of what it computes.
const OF_TRAINING: [&str; 14] = [
    "auto_mapping",
    "base_model_name_or_path",
    "corda_config",
    "ensure_weight_tying",
    "eva_config",
    "fan_in_fan_out", // PEFT itself sets it right for GPT-2; the factors are stored the same either way.
    "inference_mode",
    "lora_dropout",
    "lora_ga_config",
    "megatron_core",
    "peft_version",
    "qalora_group_size",
    "revision",
    "runtime_config",
];

/// Fields that are read.
const READ: [&str; 12] = [
    "alpha_pattern",
    "bias",
    "init_lora_weights",
    "layers_pattern",
    "layers_to_transform",
    "lora_alpha",
    "peft_type",
    "r",
    "rank_pattern",
    "target_modules",
    "task_type",
    "use_rslora",
];

/// Ways to begin that leave other weights in the base than it had.
const CHANGE_THE_BASE: [&str; 5] = ["pissa", "olora", "corda", "loftq", "lora_ga"];

/// A field and what is wrong with it.
type Complaint = (&'static str, String);

/// What an adapter's configuration says.
#[derive(Debug, PartialEq)]
pub(super) struct LoraConfig {
    rank: usize,
    alpha: f64,
    /// Divide by the root of the rank, not by the rank.
    by_root: bool,
    targets: Targets,
    /// The blocks that are adapted; all where absent.
    layers: Option<Vec<usize>>,
    ranks: Vec<(String, usize)>,
    alphas: Vec<(String, f64)>,
}

/// Which modules are adapted.
#[derive(Debug, PartialEq)]
enum Targets {
    /// All linear layers but the output layer.
    AllLinear,
    /// Those whose names end in one of these.
    Endings(Vec<String>),
}

/// What is added to one layer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Lora {
    pub(super) rank: usize,
    pub(super) scale: f32,
}

impl LoraConfig {
    /// Reads the text of `path`.
    pub(super) fn parse(path: &Path, text: &[u8]) -> Result<Self, LoadError> {
        let fields: Map<String, Value> = serde_json::from_slice(text)
            .map_err(|error| complaint(path, "text", format!("is no JSON object: {error}")))?;
        refuse_unsupported(&fields).map_err(|(field, problem)| complaint(path, &field, problem))?;
        Self::of(&fields).map_err(|(field, problem)| complaint(path, field, problem))
    }

    fn of(fields: &Map<String, Value>) -> Result<Self, Complaint> {
        let alpha = fields.get("lora_alpha").map_or(Some(8.0), number);
        Ok(Self {
            rank: fields.get("r").map_or(Some(8), rank).ok_or_else(|| expected(fields, "r", "a number from 1"))?,
            alpha: alpha.ok_or_else(|| expected(fields, "lora_alpha", "a number"))?,
            by_root: flag(fields, "use_rslora")?,
            targets: targets(fields)?,
            layers: layers(fields)?,
            ranks: patterns(fields, "rank_pattern", rank)?,
            alphas: patterns(fields, "alpha_pattern", number)?,
        })
    }

    /// Checks that each target is a layer that can be adapted, in a model of so many blocks.
    pub(super) fn check_targets(&self, path: &Path, blocks: usize) -> Result<(), LoadError> {
        if let Some(layer) = self.layers.iter().flatten().find(|layer| **layer >= blocks) {
            let problem = format!("names block {layer}, but the base has {blocks}, counted from 0");
            return Err(complaint(path, "layers_to_transform", problem));
        }
        let Targets::Endings(endings) = &self.targets else { return Ok(()) };
        let is_known = |ending: &&String| {
            (0..blocks).any(|layer| Site::ALL.iter().any(|site| ends_in(&module(layer, *site), ending)))
        };
        match endings.iter().find(|ending| !is_known(ending)) {
            None => Ok(()),
            Some(ending) => {
                let problem = format!("names {ending:?}, but of a GPT-2 only c_attn, c_proj and c_fc can be adapted");
                Err(complaint(path, "target_modules", problem))
            }
        }
    }

    /// What is added to a layer of a block, where it is named.
    pub(super) fn at(&self, path: &Path, layer: usize, site: Site) -> Result<Option<Lora>, LoadError> {
        let module = module(layer, site);
        let is_target = match &self.targets {
            Targets::AllLinear => true,
            Targets::Endings(endings) => endings.iter().any(|ending| ends_in(&module, ending)),
        };
        if !is_target || self.layers.as_ref().is_some_and(|layers| !layers.contains(&layer)) {
            return Ok(None);
        }
        let ambiguous = |field| complaint(path, field, format!("has two values for {module}; leave one"));
        let rank = chosen(&self.ranks, &module, self.rank).ok_or_else(|| ambiguous("rank_pattern"))?;
        let alpha = chosen(&self.alphas, &module, self.alpha).ok_or_else(|| ambiguous("alpha_pattern"))?;
        let divisor = if self.by_root { (rank as f64).sqrt() } else { rank as f64 };
        Ok(Some(Lora { rank, scale: (alpha / divisor) as f32 }))
    }
}

/// A module's name as PEFT sees it.
fn module(layer: usize, site: Site) -> String {
    format!("transformer.h.{layer}.{}", site.name())
}

/// Whether a module's name is this, or ends in it after a dot.
fn ends_in(module: &str, ending: &str) -> bool {
    module.strip_suffix(ending).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

/// The value that patterns give a module; `None` where they give it several.
fn chosen<T: Copy + PartialEq>(patterns: &[(String, T)], module: &str, otherwise: T) -> Option<T> {
    let mut matching = patterns.iter().filter(|(ending, _)| ends_in(module, ending)).map(|(_, value)| *value);
    let first = matching.next().unwrap_or(otherwise);
    matching.all(|value| value == first).then_some(first)
}

/// Refuses what would change the result and isn't honoured, by name or because nobody here knows it.
fn refuse_unsupported(fields: &Map<String, Value>) -> Result<(), (String, String)> {
    let text = |field: &str| fields.get(field).and_then(Value::as_str);
    let refuse = |field: &str, problem: String| Err((field.to_owned(), problem));
    if text("peft_type") != Some("LORA") {
        return refuse("peft_type", format!("is {}, expected \"LORA\"", shown(fields.get("peft_type"))));
    }
    if !is_off(fields.get("task_type")) && text("task_type") != Some("CAUSAL_LM") {
        return refuse("task_type", format!("is {}, expected \"CAUSAL_LM\"", shown(fields.get("task_type"))));
    }
    if !is_off(fields.get("bias")) && text("bias") != Some("none") {
        return refuse("bias", format!("is {}, expected \"none\": train without biases", shown(fields.get("bias"))));
    }
    if let Some(how) = text("init_lora_weights").filter(|how| CHANGE_THE_BASE.iter().any(|name| how.starts_with(name)))
    {
        let problem = format!("is {how:?}, which changes the base; convert the adapter with PEFT before it is saved");
        return refuse("init_lora_weights", problem);
    }
    let is_known = |field: &String| OF_TRAINING.contains(&field.as_str()) || READ.contains(&field.as_str());
    match fields.iter().find(|(field, value)| !is_known(field) && !is_off(Some(value))) {
        None => Ok(()),
        Some((field, value)) => {
            refuse(field, format!("is {}, which isn't served; train without it", shown(Some(value))))
        }
    }
}

/// Whether a field asks for nothing.
fn is_off(value: Option<&Value>) -> bool {
    match value {
        None | Some(Value::Null | Value::Bool(false)) => true,
        Some(Value::Array(list)) => list.is_empty(),
        Some(Value::Object(map)) => map.is_empty(),
        Some(_) => false,
    }
}

fn targets(fields: &Map<String, Value>) -> Result<Targets, Complaint> {
    let field = "target_modules";
    let wrong = || expected(fields, field, "a list of endings such as \"c_attn\", or \"all-linear\"");
    match fields.get(field) {
        Some(Value::String(text)) if text == "all-linear" => Ok(Targets::AllLinear),
        Some(Value::String(text)) => {
            Err((field, format!("is the pattern {text:?}, but patterns aren't read; list the modules it stands for")))
        }
        Some(Value::Array(list)) if !list.is_empty() => {
            let ending = |value: &Value| value.as_str().filter(|text| !text.is_empty()).map(str::to_owned);
            list.iter().map(ending).collect::<Option<_>>().map(Targets::Endings).ok_or_else(wrong)
        }
        _ => Err(wrong()),
    }
}

fn layers(fields: &Map<String, Value>) -> Result<Option<Vec<usize>>, Complaint> {
    let pattern = fields.get("layers_pattern");
    let is_h = |value: &Value| value == "h" || value.as_array().is_some_and(|list| list.iter().all(|one| one == "h"));
    if !is_off(pattern) && !pattern.is_some_and(is_h) {
        return Err(expected(fields, "layers_pattern", "\"h\", the name of a GPT-2's blocks"));
    }
    let index = |value: &Value| value.as_u64().and_then(|layer| usize::try_from(layer).ok());
    let list = match fields.get("layers_to_transform") {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::Array(list)) if list.is_empty() => return Ok(None),
        Some(Value::Array(list)) => list.iter().map(index).collect(),
        Some(one) => index(one).map(|layer| vec![layer]),
    };
    list.map(Some).ok_or_else(|| expected(fields, "layers_to_transform", "a block's number or a list of them"))
}

/// Values by the endings of modules' names. PEFT takes any pattern as a key; here it must be a plain name.
fn patterns<T>(
    fields: &Map<String, Value>,
    field: &'static str,
    read: impl Fn(&Value) -> Option<T>,
) -> Result<Vec<(String, T)>, Complaint> {
    let map = match fields.get(field) {
        None | Some(Value::Null) => return Ok(Vec::new()),
        Some(Value::Object(map)) => map,
        Some(_) => return Err(expected(fields, field, "an object")),
    };
    let plain = |key: &str| !key.is_empty() && key.chars().all(|c| c.is_ascii_alphanumeric() || "._".contains(c));
    let entry = |(key, value): (&String, &Value)| {
        if !plain(key) {
            return Err((field, format!("has the pattern {key:?}; only names of modules and their endings are read")));
        }
        let value = read(value).ok_or_else(|| (field, format!("is {value} at {key:?}, expected a number from 1")))?;
        Ok((key.clone(), value))
    };
    map.iter().map(entry).collect()
}

fn rank(value: &Value) -> Option<usize> {
    // Greater ones than any layer is wide are of no use, and would overflow somewhere.
    value.as_u64().filter(|rank| (1..=1 << 20).contains(rank)).and_then(|rank| usize::try_from(rank).ok())
}

fn number(value: &Value) -> Option<f64> {
    value.as_f64().filter(|value| value.is_finite())
}

fn flag(fields: &Map<String, Value>, field: &'static str) -> Result<bool, Complaint> {
    match fields.get(field) {
        None | Some(Value::Null) => Ok(false),
        Some(Value::Bool(flag)) => Ok(*flag),
        Some(_) => Err(expected(fields, field, "true or false")),
    }
}

fn expected(fields: &Map<String, Value>, field: &'static str, what: &str) -> Complaint {
    (field, format!("is {}, expected {what}", shown(fields.get(field))))
}

fn shown(value: Option<&Value>) -> String {
    value.map_or_else(|| "missing".to_owned(), Value::to_string)
}

fn complaint(path: &Path, field: &str, problem: String) -> LoadError {
    LoadError::Adapter { path: PathBuf::from(path), field: field.to_owned(), problem }
}

#[cfg(test)]
mod tests;
