//! `config.json`: the shape of a GPT-2 checkpoint and every field that changes its results.
//! Knows Hugging Face's names and defaults; refuses what the model can't honour.

use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

/// A validated `config.json` of a GPT-2.
#[derive(Debug, Clone, PartialEq)]
pub struct ModelConfig {
    /// Rows of the position table, the longest sequence.
    pub n_positions: usize,
    /// Rows of the token table; may exceed the tokenizer's tokens.
    pub vocab_size: usize,
    /// Width of the residual stream.
    pub n_embd: usize,
    /// Number of blocks.
    pub n_layer: usize,
    /// Attention heads; divides `n_embd`.
    pub n_head: usize,
    /// Width of the feed-forward layer.
    pub n_inner: usize,
    /// The feed-forward layer's nonlinearity.
    pub activation: Activation,
    /// Added to the variance in layer norms.
    pub layer_norm_epsilon: f64,
    /// Divide attention scores by the square root of the head's width.
    pub scale_attn_weights: bool,
    /// Divide attention scores by the block's number, counted from one.
    pub scale_attn_by_inverse_layer_idx: bool,
    /// The output layer is the token table.
    pub tie_word_embeddings: bool,
    /// Token ids that end a text.
    pub eos_token_ids: Vec<u32>,
    /// Token id that begins a text.
    pub bos_token_id: Option<u32>,
    /// Token id that fills.
    pub pad_token_id: Option<u32>,
}

/// Nonlinearity of the feed-forward layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Activation {
    /// GELU by its tanh approximation: `gelu_new`, and `gelu_pytorch_tanh` and `gelu_fast`, which are the same function.
    GeluTanh,
    /// GELU by the error function: `gelu`, `gelu_python`.
    GeluErf,
    /// `relu`.
    Relu,
}

impl ModelConfig {
    /// Width of one attention head.
    #[must_use]
    pub fn head_dim(&self) -> usize {
        self.n_embd / self.n_head
    }

    /// Factor of the attention scores in block `layer` (from 0).
    #[must_use]
    pub fn attention_scale(&self, layer: usize) -> f32 {
        let by_width = if self.scale_attn_weights { (self.head_dim() as f32).sqrt() } else { 1.0 };
        let by_depth = if self.scale_attn_by_inverse_layer_idx { (layer + 1) as f32 } else { 1.0 };
        1.0 / (by_width * by_depth)
    }

    /// Reads the text of `path`.
    ///
    /// # Errors
    /// Text that is no JSON object, a field of the wrong type or range, or one that asks for what isn't implemented.
    pub fn parse(path: &Path, text: &[u8]) -> Result<Self, ConfigError> {
        let located = |field: &'static str, problem: String| ConfigError { path: path.to_owned(), field, problem };
        let fields: Map<String, Value> =
            serde_json::from_slice(text).map_err(|error| located("", format!("is no JSON object: {error}")))?;
        refuse_unsupported(&fields).map_err(|(field, problem)| located(field, problem))?;
        Fields(&fields).validate().map_err(|(field, problem)| located(field, problem))
    }
}

/// A `config.json` that can't be honoured.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}: {}{problem}", path.display(), if field.is_empty() { String::new() } else { format!("`{field}` ") })]
pub struct ConfigError {
    /// The file.
    pub path: PathBuf,
    /// The field, empty where the text as a whole is at fault.
    pub field: &'static str,
    /// What is wrong, and what would be right.
    pub problem: String,
}

/// An id, or a list of ids.
#[derive(Deserialize)]
#[serde(untagged)]
pub(crate) enum OneOrMany {
    One(u32),
    Many(Vec<u32>),
}

impl From<OneOrMany> for Vec<u32> {
    fn from(ids: OneOrMany) -> Self {
        match ids {
            OneOrMany::One(id) => vec![id],
            OneOrMany::Many(ids) => ids,
        }
    }
}

/// A field's name and what is wrong with it.
type Complaint = (&'static str, String);

/// The fields as they are written. Defaults are those of `transformers.GPT2Config`. `n_ctx` is left alone, as there:
/// the window is `n_positions`.
struct Fields<'a>(&'a Map<String, Value>);

impl Fields<'_> {
    fn validate(&self) -> Result<ModelConfig, Complaint> {
        self.check_model_type()?;
        let n_embd = self.size("n_embd", Some("hidden_size"), 768)?;
        let n_head = self.size("n_head", Some("num_attention_heads"), 12)?;
        if !n_embd.is_multiple_of(n_head) {
            return Err(("n_head", format!("is {n_head}, which does not divide n_embd {n_embd}")));
        }
        Ok(ModelConfig {
            n_positions: self.size("n_positions", Some("max_position_embeddings"), 1024)?,
            vocab_size: self.size("vocab_size", None, 50257)?,
            n_embd,
            n_layer: self.size("n_layer", Some("num_hidden_layers"), 12)?,
            n_head,
            n_inner: self.size("n_inner", None, 4 * n_embd)?,
            activation: parse_activation(&self.get("activation_function")?.unwrap_or("gelu_new".to_owned()))?,
            layer_norm_epsilon: self.epsilon()?,
            scale_attn_weights: self.get("scale_attn_weights")?.unwrap_or(true),
            scale_attn_by_inverse_layer_idx: self.get("scale_attn_by_inverse_layer_idx")?.unwrap_or(false),
            tie_word_embeddings: self.get("tie_word_embeddings")?.unwrap_or(true),
            eos_token_ids: self.get::<OneOrMany>("eos_token_id")?.map(Vec::from).unwrap_or_default(),
            bos_token_id: self.get("bos_token_id")?,
            pad_token_id: self.get("pad_token_id")?,
        })
    }

    /// A field's value; absent and null are the same.
    fn get<T: DeserializeOwned>(&self, name: &'static str) -> Result<Option<T>, Complaint> {
        match self.0.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => {
                serde_json::from_value(value.clone()).map(Some).map_err(|error| (name, format!("is {value}: {error}")))
            }
        }
    }

    /// The bounds keep every product of two sizes far from overflow; real GPT-2s are well below them.
    fn size(&self, name: &'static str, alias: Option<&'static str>, default: usize) -> Result<usize, Complaint> {
        const MOST: usize = 1 << 24;
        let mut size = self.get::<usize>(name)?;
        if let (None, Some(alias)) = (size, alias) {
            size = self.get(alias)?;
        }
        match size.unwrap_or(default) {
            size @ 1..=MOST => Ok(size),
            size => Err((name, format!("is {size}, expected a number from 1 to {MOST}"))),
        }
    }

    fn epsilon(&self) -> Result<f64, Complaint> {
        let epsilon = self.get("layer_norm_epsilon")?.unwrap_or(1e-5);
        if epsilon > 0.0 && epsilon < 1.0 {
            return Ok(epsilon);
        }
        Err(("layer_norm_epsilon", format!("is {epsilon}, expected a number between 0 and 1")))
    }

    fn check_model_type(&self) -> Result<(), Complaint> {
        match self.get::<String>("model_type")?.as_deref() {
            Some("gpt2") => Ok(()),
            Some(other) => Err(("model_type", format!("is `{other}`, but only `gpt2` is supported"))),
            None => Err(("model_type", "is missing; expected `gpt2`".to_owned())),
        }
    }
}

fn parse_activation(name: &str) -> Result<Activation, Complaint> {
    match name {
        "gelu_new" | "gelu_pytorch_tanh" | "gelu_fast" => Ok(Activation::GeluTanh),
        "gelu" | "gelu_python" => Ok(Activation::GeluErf),
        "relu" => Ok(Activation::Relu),
        other => Err(("activation_function", format!("is `{other}`, expected gelu_new, gelu or relu"))),
    }
}

/// Fields that change the result and that this model does not implement. All other unknown fields don't matter to it.
fn refuse_unsupported(fields: &Map<String, Value>) -> Result<(), Complaint> {
    const UNSUPPORTED: [&str; 4] = ["add_cross_attention", "is_encoder_decoder", "quantization_config", "pruned_heads"];
    for field in UNSUPPORTED {
        let harmless = match fields.get(field) {
            None | Some(Value::Null | Value::Bool(false)) => true,
            Some(Value::Object(entries)) => entries.is_empty(),
            Some(_) => false,
        };
        if !harmless {
            return Err((field, "is set, which is not supported; convert the checkpoint to a plain GPT-2".to_owned()));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<ModelConfig, ConfigError> {
        ModelConfig::parse(Path::new("m/config.json"), text.as_bytes())
    }

    #[test]
    fn absent_fields_have_the_defaults_of_transformers() {
        let config = parse(r#"{"model_type": "gpt2", "n_inner": null, "summary_type": "x"}"#).unwrap();
        assert_eq!((config.n_positions, config.vocab_size, config.n_inner), (1024, 50257, 3072));
        assert!(config.tie_word_embeddings && config.scale_attn_weights);
    }

    #[test]
    fn eos_may_be_one_or_several() {
        let eos =
            |json: &str| parse(&format!(r#"{{"model_type": "gpt2", "eos_token_id": {json}}}"#)).unwrap().eos_token_ids;
        assert_eq!(eos("2"), [2]);
        assert_eq!(eos("[2, 5]"), [2, 5]);
        assert!(eos("null").is_empty());
    }

    #[test]
    fn the_scale_is_by_width_and_depth() {
        let config =
            parse(r#"{"model_type": "gpt2", "n_embd": 64, "n_head": 4, "scale_attn_by_inverse_layer_idx": true}"#);
        assert!((config.unwrap().attention_scale(1) - 0.125).abs() < 1e-9);
    }

    #[test]
    fn each_bad_field_is_named() {
        let bad = |fields: &str| {
            let error = parse(&format!(r#"{{"model_type": "gpt2", {fields}}}"#)).unwrap_err();
            assert!(error.to_string().starts_with("m/config.json: `"), "{error}");
            error.field
        };
        assert_eq!(bad(r#""add_cross_attention": true"#), "add_cross_attention");
        assert_eq!(bad(r#""activation_function": "silu""#), "activation_function");
        assert_eq!(bad(r#""n_head": 7"#), "n_head");
        assert_eq!(bad(r#""n_layer": 0"#), "n_layer");
        assert_eq!(bad(r#""n_embd": -1"#), "n_embd");
        assert_eq!(bad(r#""n_positions": 1e30"#), "n_positions");
        assert_eq!(bad(r#""layer_norm_epsilon": -1e-5"#), "layer_norm_epsilon");
        assert_eq!(bad(r#""tie_word_embeddings": "yes""#), "tie_word_embeddings");
        assert_eq!(bad(r#""quantization_config": {"bits": 4}"#), "quantization_config");
    }

    #[test]
    fn other_models_and_other_texts_are_refused() {
        assert_eq!(parse(r#"{"model_type": "llama"}"#).unwrap_err().field, "model_type");
        assert_eq!(parse("{}").unwrap_err().field, "model_type");
        for text in ["", "[]", "{", "null", "\u{feff}{}"] {
            assert_eq!(parse(text).unwrap_err().field, "", "{text}");
        }
    }
}
