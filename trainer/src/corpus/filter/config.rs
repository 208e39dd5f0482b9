//! What `config.json` says of a classifier. Knows no weights.

use std::collections::BTreeMap;
use std::path::Path;
use std::str::FromStr;

use candle_transformers::models::bert::{Config, HiddenAct, PositionEmbeddingType};
use serde::{Deserialize, Serialize};

use super::classifier::ClassifierError;

/// A label, by its number or its name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Label {
    /// Its place among the logits.
    Id(usize),
    /// Its name in `id2label`.
    Name(String),
}

impl Default for Label {
    /// The second of two, which is the toxic one by custom.
    fn default() -> Self {
        Self::Id(1)
    }
}

impl FromStr for Label {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(text.parse().map_or_else(|_| Self::Name(text.to_owned()), Self::Id))
    }
}

/// How logits become probabilities.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Problem {
    /// One label is right: softmax.
    SingleLabel,
    /// Each label is right or wrong for itself: sigmoid.
    MultiLabel,
}

/// The part of `config.json` that matters.
#[derive(Debug, Deserialize)]
pub(super) struct ClassifierConfig {
    model_type: String,
    vocab_size: usize,
    hidden_size: usize,
    num_hidden_layers: usize,
    num_attention_heads: usize,
    intermediate_size: usize,
    #[serde(default = "gelu")]
    hidden_act: String,
    max_position_embeddings: usize,
    type_vocab_size: usize,
    #[serde(default = "epsilon")]
    layer_norm_eps: f64,
    #[serde(default)]
    pad_token_id: usize,
    #[serde(default)]
    position_embedding_type: Option<String>,
    #[serde(default)]
    is_decoder: bool,
    #[serde(default)]
    id2label: Option<BTreeMap<usize, String>>,
    #[serde(default)]
    num_labels: Option<usize>,
    #[serde(default)]
    problem_type: Option<String>,
}

fn gelu() -> String {
    "gelu".to_owned()
}

fn epsilon() -> f64 {
    1e-12
}

impl ClassifierConfig {
    /// Reads `config.json` and refuses what wouldn't be computed as Hugging Face does.
    pub(super) fn read(path: &Path) -> Result<Self, ClassifierError> {
        let text = std::fs::read(path).map_err(crate::files::FileError::at(path))?;
        let config: Self = serde_json::from_slice(&text)
            .map_err(|error| ClassifierError::Config { path: path.to_owned(), problem: error.to_string() })?;
        let checked = config.check().and_then(|()| config.activation().map(|_| ())).and_then(|()| config.problem());
        checked.map_err(|problem| ClassifierError::Config { path: path.to_owned(), problem })?;
        Ok(config)
    }

    fn check(&self) -> Result<(), String> {
        let Self { model_type, hidden_size, num_attention_heads: heads, .. } = self;
        if model_type != "bert" {
            return Err(format!("model_type is {model_type}; expected bert"));
        }
        if *heads == 0 || !hidden_size.is_multiple_of(*heads) {
            return Err(format!("hidden_size {hidden_size} can't be divided among {heads} heads"));
        }
        if let Some(kind) = self.position_embedding_type.as_deref().filter(|kind| *kind != "absolute") {
            return Err(format!("position_embedding_type is {kind}; expected absolute"));
        }
        if self.is_decoder {
            return Err("is_decoder is true; expected an encoder".to_owned());
        }
        if self.max_position_embeddings < 4 {
            let positions = self.max_position_embeddings;
            return Err(format!("max_position_embeddings is {positions}; expected 4 at least"));
        }
        match self.labels() {
            0 | 1 => Err("has fewer than two labels; expected a classifier of two or more".to_owned()),
            _ => Ok(()),
        }
    }

    fn activation(&self) -> Result<HiddenAct, String> {
        match self.hidden_act.as_str() {
            "gelu" | "gelu_python" => Ok(HiddenAct::Gelu),
            "gelu_new" | "gelu_fast" | "gelu_pytorch_tanh" => Ok(HiddenAct::GeluApproximate),
            "relu" => Ok(HiddenAct::Relu),
            other => Err(format!("hidden_act is {other}; expected gelu, gelu_new or relu")),
        }
    }

    /// How logits become probabilities; without `problem_type`, as Hugging Face's pipeline does.
    pub(super) fn problem(&self) -> Result<Problem, String> {
        match self.problem_type.as_deref() {
            None | Some("single_label_classification") => Ok(Problem::SingleLabel),
            Some("multi_label_classification") => Ok(Problem::MultiLabel),
            Some(other) => Err(format!("problem_type is {other}; expected a classification")),
        }
    }

    /// How many labels there are. Hugging Face's own default is two.
    pub(super) fn labels(&self) -> usize {
        self.id2label.as_ref().map(BTreeMap::len).or(self.num_labels).unwrap_or(2)
    }

    /// The place of a label among the logits.
    pub(super) fn resolve(&self, label: &Label) -> Option<usize> {
        match label {
            Label::Id(id) => Some(*id).filter(|id| *id < self.labels()),
            Label::Name(name) => {
                let names = self.id2label.iter().flatten();
                names.into_iter().find(|(_, known)| *known == name).map(|(id, _)| *id).filter(|id| *id < self.labels())
            }
        }
    }

    /// The labels' names, for complaints.
    pub(super) fn label_names(&self) -> String {
        match &self.id2label {
            Some(labels) => labels.iter().map(|(id, name)| format!("{id} = {name}")).collect::<Vec<_>>().join(", "),
            None => format!("0 to {}", self.labels() - 1),
        }
    }

    pub(super) fn vocab_size(&self) -> usize {
        self.vocab_size
    }

    pub(super) fn hidden_size(&self) -> usize {
        self.hidden_size
    }

    pub(super) fn max_positions(&self) -> usize {
        self.max_position_embeddings
    }

    /// In candle's terms.
    pub(super) fn candle(&self) -> Config {
        Config {
            vocab_size: self.vocab_size,
            hidden_size: self.hidden_size,
            num_hidden_layers: self.num_hidden_layers,
            num_attention_heads: self.num_attention_heads,
            intermediate_size: self.intermediate_size,
            hidden_act: self.activation().expect("it was checked when the file was read"),
            max_position_embeddings: self.max_position_embeddings,
            type_vocab_size: self.type_vocab_size,
            layer_norm_eps: self.layer_norm_eps,
            pad_token_id: self.pad_token_id,
            position_embedding_type: PositionEmbeddingType::Absolute,
            // The tensors are named without a prefix by now.
            model_type: None,
            ..Config::default()
        }
    }
}
