//! Hugging Face's `BertForSequenceClassification`, computed by candle: the encoder, the pooler over the first position,
//! and a linear layer over that. Knows no corpus.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use candle_core::{D, DType, Device, Tensor};
use candle_nn::{Linear, Module, VarBuilder};
use candle_transformers::models::bert::BertModel;
use maskarad_engine::checkpoint::{LoadError, raw};
use rayon::prelude::*;
use tokenizers::Tokenizer;

use super::config::{ClassifierConfig, Label, Problem};
use super::tokenizer;
use crate::files::FileError;

/// A classifier of texts, and the label that is asked for.
pub struct Classifier {
    tokenizer: Tokenizer,
    encoder: BertModel,
    pooler: Linear,
    head: Linear,
    problem: Problem,
    label: usize,
    identity: blake3::Hash,
}

/// Why a classifier can't be used.
#[derive(Debug, thiserror::Error)]
pub enum ClassifierError {
    /// A file of it can't be read.
    #[error(transparent)]
    File(#[from] FileError),
    /// Its `config.json` can't be honoured.
    #[error("{}: {problem}; expected that of a Hugging Face BertForSequenceClassification", path.display())]
    Config {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        problem: String,
    },
    /// Its tokenizer can't be used.
    #[error("{}: {problem}; take the tokenizer's files from the same checkpoint", path.display())]
    Tokenizer {
        /// The file, or the folder that has none.
        path: PathBuf,
        /// What is wrong.
        problem: String,
    },
    /// Its weight files can't be read.
    #[error(transparent)]
    Weights(#[from] LoadError),
    /// Its weights are not those of a BertForSequenceClassification of this `config.json`.
    #[error("{}: {source}; expected the weights of a BertForSequenceClassification of its config.json", folder.display())]
    Tensors {
        /// The folder.
        folder: PathBuf,
        /// Which tensor, and why.
        source: candle_core::Error,
    },
    /// It has no such label.
    #[error("{}: has no label {label:?}; it has {known}", folder.display())]
    Label {
        /// The folder.
        folder: PathBuf,
        /// What was asked for.
        label: Label,
        /// What there is.
        known: String,
    },
    /// A text can't be turned into ids.
    #[error("the classifier's tokenizer fails on a text: {0}")]
    Encode(tokenizers::Error),
    /// The arithmetic fails.
    #[error("the classifier fails: {0}")]
    Compute(#[from] candle_core::Error),
    /// A probability is no number.
    #[error("the classifier gives a probability that is no number; its weights may be damaged")]
    NotFinite,
}

impl std::fmt::Debug for Classifier {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Classifier").field("label", &self.label).finish_non_exhaustive()
    }
}

impl Classifier {
    /// Loads a folder as Hugging Face's `save_pretrained` writes it.
    ///
    /// # Errors
    /// A file is missing, can't be read, or isn't that of a BERT classifier; it has no such label.
    pub fn load(folder: &Path, label: &Label) -> Result<Self, ClassifierError> {
        let config = ClassifierConfig::read(&folder.join("config.json"))?;
        let Some(label) = config.resolve(label) else {
            let known = config.label_names();
            return Err(ClassifierError::Label { folder: folder.to_owned(), label: label.clone(), known });
        };
        let identity = identity(folder)?;
        let tokenizer = tokenizer::load(folder, config.max_positions(), config.vocab_size())?;
        let wrong = |source| ClassifierError::Tensors { folder: folder.to_owned(), source };
        let weights = VarBuilder::from_tensors(weights(folder)?, DType::F32, &Device::Cpu);
        let (width, labels) = (config.hidden_size(), config.labels());
        let encoder = BertModel::load(weights.clone(), &config.candle()).map_err(wrong)?;
        let pooler = candle_nn::linear(width, width, weights.pp("pooler.dense")).map_err(wrong)?;
        let head = candle_nn::linear(width, labels, weights.pp("classifier")).map_err(wrong)?;
        let problem = config.problem().expect("it was checked when the file was read");
        Ok(Self { tokenizer, encoder, pooler, head, problem, label, identity })
    }

    /// A hash over the files of its folder.
    #[must_use]
    pub fn identity(&self) -> blake3::Hash {
        self.identity
    }

    /// The place of its label among the logits.
    #[must_use]
    pub fn label(&self) -> usize {
        self.label
    }

    /// The ids of a text, cut to what the model takes.
    ///
    /// # Errors
    /// The tokenizer fails, for instance as it has no token for what is unknown.
    pub fn encode(&self, text: &str) -> Result<Vec<u32>, ClassifierError> {
        Ok(self.tokenizer.encode_fast(text, true).map_err(ClassifierError::Encode)?.get_ids().to_vec())
    }

    /// The ids of many texts, on all threads.
    ///
    /// # Errors
    /// As [`Classifier::encode`].
    pub fn encode_all(&self, texts: &[String]) -> Result<Vec<Vec<u32>>, ClassifierError> {
        texts.par_iter().map(|text| self.encode(text)).collect()
    }

    /// The logits of texts, a row for each. None of them may be longer than the model takes.
    ///
    /// # Errors
    /// There are no texts, or one has no ids or too many.
    pub fn logits(&self, texts: &[Vec<u32>]) -> Result<Vec<Vec<f32>>, ClassifierError> {
        Ok(self.forward(texts)?.to_vec2()?)
    }

    /// The probabilities of the labels, a row for each text.
    ///
    /// # Errors
    /// As [`Classifier::logits`].
    pub fn probabilities(&self, texts: &[Vec<u32>]) -> Result<Vec<Vec<f32>>, ClassifierError> {
        let logits = self.forward(texts)?;
        let probabilities = match self.problem {
            Problem::SingleLabel => candle_nn::ops::softmax(&logits, D::Minus1)?,
            Problem::MultiLabel => candle_nn::ops::sigmoid(&logits)?,
        };
        Ok(probabilities.to_vec2()?)
    }

    /// The probability of the label, for each text.
    ///
    /// # Errors
    /// As [`Classifier::logits`]; one is no number.
    pub fn score(&self, texts: &[Vec<u32>]) -> Result<Vec<f32>, ClassifierError> {
        let rows = self.probabilities(texts)?;
        let scores = rows.iter().map(|row| row[self.label]);
        scores.map(|score| if score.is_finite() { Ok(score) } else { Err(ClassifierError::NotFinite) }).collect()
    }

    fn forward(&self, texts: &[Vec<u32>]) -> Result<Tensor, ClassifierError> {
        let longest = texts.iter().map(Vec::len).max().unwrap_or(0);
        let (mut ids, mut mask) = (Vec::new(), Vec::new());
        for text in texts {
            let padding = longest - text.len();
            ids.extend(text.iter().copied().chain(std::iter::repeat_n(0, padding)));
            mask.extend(std::iter::repeat_n(1_u32, text.len()).chain(std::iter::repeat_n(0, padding)));
        }
        let shape = (texts.len(), longest);
        let ids = Tensor::from_vec(ids, shape, &Device::Cpu)?; // (B, T)
        let mask = Tensor::from_vec(mask, shape, &Device::Cpu)?; // (B, T)
        let hidden = self.encoder.forward(&ids, &ids.zeros_like()?, Some(&mask))?; // (B, T, C)
        let first = hidden.narrow(1, 0, 1)?.squeeze(1)?.contiguous()?; // (B, C)
        let pooled = self.pooler.forward(&first)?.tanh()?; // (B, C)
        Ok(self.head.forward(&pooled)?) // (B, L)
    }
}

/// All tensors, under the names that they have in newer files, without `bert.`.
fn weights(folder: &Path) -> Result<HashMap<String, Tensor>, ClassifierError> {
    let mut weights = HashMap::new();
    for tensor in raw::tensors(folder)? {
        let name = tensor.name.strip_prefix("bert.").unwrap_or(&tensor.name);
        let name = name.replace("LayerNorm.gamma", "LayerNorm.weight").replace("LayerNorm.beta", "LayerNorm.bias");
        weights.insert(name, Tensor::from_vec(tensor.values, tensor.shape, &Device::Cpu)?);
    }
    Ok(weights)
}

/// A hash over the names and contents of a folder's files.
fn identity(folder: &Path) -> Result<blake3::Hash, FileError> {
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(FileError::at(folder))? {
        let path = entry.map_err(FileError::at(folder))?.path();
        if path.is_file() {
            paths.push(path);
        }
    }
    paths.sort();
    let mut hasher = blake3::Hasher::new();
    for path in paths {
        let name = path.file_name().unwrap_or_default().as_encoded_bytes();
        hasher.update(&(name.len() as u64).to_le_bytes()).update(name);
        hasher.update(super::hash_file(&path)?.as_bytes());
    }
    Ok(hasher.finalize())
}
