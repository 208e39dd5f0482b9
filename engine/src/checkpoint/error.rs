//! What can be wrong with a checkpoint folder. Each message names the file, the place in it, and the mend.

use std::fmt;
use std::path::{Path, PathBuf};

use crate::config::ConfigError;
use crate::packed::PackedError;
use crate::tokenizer::TokenizerError;

/// Why a checkpoint can't be loaded.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// A file or folder can't be read.
    #[error("{}: can't be read: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// A file that every checkpoint, or every adapter, has is not there.
    #[error("{}: has no {wanted}; expected a folder as Hugging Face's save_pretrained writes it", folder.display())]
    Missing {
        /// The folder.
        folder: PathBuf,
        /// The file, or the alternatives.
        wanted: &'static str,
    },
    /// The files are being overwritten.
    #[error("{}: its files change while they are read; try again once they are all in place", folder.display())]
    Changing {
        /// The folder.
        folder: PathBuf,
    },
    /// `config.json` can't be honoured.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// `adapter_config.json` can't be honoured.
    #[error("{}: {field}: {problem}", path.display())]
    Adapter {
        /// The file.
        path: PathBuf,
        /// The field.
        field: String,
        /// What is wrong, and what would be right.
        problem: String,
    },
    /// A tokenizer beside an adapter that isn't its base's.
    #[error(
        "{}: the tokenizer beside the adapter has {rows} rows, but the base's has {base}; adapters with added tokens \
         can't be served: train on the base's own tokenizer",
        folder.display()
    )]
    AdapterTokenizer {
        /// The adapter's folder.
        folder: PathBuf,
        /// Rows the adapter's tokenizer needs.
        rows: usize,
        /// Rows the base's tokenizer needs; 0 where the base has none.
        base: usize,
    },
    /// The tokenizer's files can't be used.
    #[error(transparent)]
    Tokenizer(#[from] TokenizerError),
    /// The tokenizer has ids that the model has no rows for.
    #[error(
        "{}: the tokenizer doesn't fit: its ids need {rows} rows, but config.json has vocab_size {vocab_size}; \
         take both from the same checkpoint",
        folder.display()
    )]
    TokenizerTooLarge {
        /// The folder.
        folder: PathBuf,
        /// Rows the tokenizer's ids need.
        rows: usize,
        /// Rows the model has.
        vocab_size: usize,
    },
    /// A file whose content makes no sense.
    #[error("{}: {place}: {problem}; copy or download the file again", path.display())]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// Where in the file.
        place: String,
        /// What is wrong there.
        problem: String,
    },
    /// A tensor that is not as the configuration says.
    #[error("{}: tensor `{tensor}` {problem}", path.display())]
    Tensor {
        /// The file it is, or should be, in.
        path: PathBuf,
        /// Its name.
        tensor: String,
        /// What is wrong with it.
        problem: TensorProblem,
    },
    /// The system has no memory for the weights.
    #[error("there is no memory for the weights: {0}")]
    Memory(#[from] std::io::Error),
    /// The packed weights are not those of the configuration, which the checks before should have made impossible.
    #[error(transparent)]
    Packed(#[from] PackedError),
}

/// What is wrong with a tensor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TensorProblem {
    /// It is not there.
    Missing,
    /// It has another shape than the configuration implies.
    Shape {
        /// Its shape.
        found: Vec<usize>,
        /// The shape it should have.
        expected: Vec<usize>,
    },
    /// Its numbers are of a type that is not read.
    Type(String),
    /// One of its values is infinite or no number.
    NotFinite {
        /// Index of the value, counted through.
        index: usize,
    },
    /// GPT-2 has no such tensor.
    Unexpected,
    /// `tie_word_embeddings` is set, but it differs from the token table.
    NotTied,
    /// An adapter lacks it.
    MissingInAdapter,
    /// It is in an adapter whose configuration doesn't name its layer.
    UnexpectedInAdapter,
    /// It doesn't fit the layer it is to be added to.
    ShapeInAdapter {
        /// Its shape.
        found: Vec<usize>,
        /// The shape it should have.
        expected: Vec<usize>,
    },
    /// Its values, times the adapter's scale, are too large for a float.
    TooLarge,
}

impl fmt::Display for TensorProblem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => write!(formatter, "is missing; the file is not a whole GPT-2 of this config.json"),
            Self::Shape { found, expected } => {
                write!(formatter, "has the shape {found:?}, but config.json implies {expected:?}; correct config.json")
            }
            Self::Type(name) => write!(formatter, "is of type {name}; save it as float32, float16 or bfloat16"),
            Self::NotFinite { index } => {
                write!(formatter, "has a value that is not finite at index {index}; take an earlier checkpoint")
            }
            Self::Unexpected => write!(
                formatter,
                "is no part of a GPT-2 of this config.json, and leaving it out would change the model; remove it"
            ),
            Self::MissingInAdapter => {
                write!(formatter, "is missing, though adapter_config.json names its layer; copy the adapter again")
            }
            Self::UnexpectedInAdapter => write!(
                formatter,
                "is of no layer of the base that adapter_config.json names; correct target_modules and layers_to_transform"
            ),
            Self::ShapeInAdapter { found, expected } => write!(
                formatter,
                "has the shape {found:?}, but the base and adapter_config.json imply {expected:?}; \
                 take the base that the adapter was trained on"
            ),
            Self::TooLarge => write!(formatter, "has values too large for lora_alpha; correct adapter_config.json"),
            Self::NotTied => write!(
                formatter,
                "differs from transformer.wte.weight, though tie_word_embeddings is true; correct config.json"
            ),
        }
    }
}

/// Reads a whole file.
pub(super) fn read(path: &Path) -> Result<Vec<u8>, LoadError> {
    std::fs::read(path).map_err(|source| LoadError::Read { path: path.to_owned(), source })
}
