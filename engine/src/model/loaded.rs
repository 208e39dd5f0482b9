//! A model that is ready to serve, with its tokenizer, its identity, and what one persona adds to it: a base in memory
//! may be worn by many.

use std::sync::Arc;

use super::adapter::Adapter;
use super::{Compute, Gpt2, KvCache, Output, Segment, kv};
use crate::checkpoint::Checkpoint;
use crate::config::ModelConfig;
use crate::error::EngineError;
use crate::kernels::Kernels;
use crate::key::ModelKey;
use crate::region::Zeroed;
use crate::tokenizer::Tokenizer;

/// A loaded checkpoint, with or without an adapter on it. Clones share both.
#[derive(Clone)]
pub struct LoadedModel {
    base: Arc<Inner>,
    adapter: Option<Arc<Adapter>>,
}

struct Inner {
    key: ModelKey,
    network: Gpt2,
    tokenizer: Option<Arc<Tokenizer>>,
    eos_token_ids: Vec<u32>,
    kernels: Kernels,
}

impl LoadedModel {
    pub(crate) fn new(key: ModelKey, checkpoint: Checkpoint, kernels: Kernels) -> Self {
        let Checkpoint { network, tokenizer, eos_token_ids } = checkpoint;
        Self { base: Arc::new(Inner { key, network, tokenizer, eos_token_ids, kernels }), adapter: None }
    }

    /// The same base with another adapter, or with none.
    pub(crate) fn wearing(&self, adapter: Option<Arc<Adapter>>) -> Self {
        Self { base: Arc::clone(&self.base), adapter }
    }

    /// What [`crate::Request::model`] names it by.
    #[must_use]
    pub fn key(&self) -> ModelKey {
        match &self.adapter {
            None => self.base.key,
            Some(adapter) => self.base.key.with_adapter(adapter.id()),
        }
    }

    /// Its `config.json`.
    #[must_use]
    pub fn config(&self) -> &ModelConfig {
        self.base.network.config()
    }

    /// Its tokenizer, where the folder has one.
    #[must_use]
    pub fn tokenizer(&self) -> Option<&Arc<Tokenizer>> {
        self.base.tokenizer.as_ref()
    }

    /// The ids that end a text by the checkpoint's own word: `generation_config.json`, or else `config.json`.
    #[must_use]
    pub fn eos_token_ids(&self) -> &[u32] {
        &self.base.eos_token_ids
    }

    /// Bytes of the base's weights, which all adapters on it share.
    #[must_use]
    pub fn memory(&self) -> usize {
        self.base.network.memory()
    }

    /// Bytes of the adapter's weights; none without one.
    #[must_use]
    pub fn adapter_memory(&self) -> usize {
        self.adapter.as_ref().map_or(0, |adapter| adapter.memory())
    }

    /// Bytes of the keys and values of so many tokens.
    #[must_use]
    pub fn kv_bytes(&self, tokens: usize) -> usize {
        tokens.saturating_mul(kv::bytes_per_token(self.config(), self.base.key.precision()))
    }

    /// Room for the keys and values of so many tokens, in memory that `find` gives.
    pub(crate) fn cache_within(&self, tokens: usize, find: impl FnOnce(usize) -> Zeroed) -> KvCache {
        KvCache::within(self.config(), self.key().precision(), tokens, find)
    }

    /// Whether both are the same copy in memory, with the same adapter.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        self.shares_base(other) && self.key() == other.key()
    }

    /// Whether both use the same copy of the base's weights.
    #[must_use]
    pub fn shares_base(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.base, &other.base)
    }

    /// Logits of every position of `ids`, computed on the calling thread and outside any batch: for evaluation, where
    /// perplexity is wanted. V floats a position.
    ///
    /// # Errors
    /// No ids, more than `n_positions`, or an id without a row.
    pub fn logits(&self, ids: &[u32]) -> Result<Vec<Vec<f32>>, EngineError> {
        self.check_prompt(ids, 0)?;
        let mut cache = KvCache::new(self.config(), self.key().precision(), ids.len());
        let adapter = self.adapter.clone();
        let segment = Segment { tokens: ids.to_vec(), output: Output::All, cache: &mut cache, adapter };
        let mut compute = Compute::alone(self.base.kernels);
        let all = self.network().forward(&mut compute, &mut [segment]);
        let row = |row| {
            let mut logits = Vec::new();
            all.read(row, &mut logits);
            logits
        };
        Ok((0..all.rows()).map(row).collect())
    }

    /// Checks that a prompt and its continuation fit this model.
    ///
    /// # Errors
    /// The first thing that doesn't fit.
    pub fn check_prompt(&self, prompt: &[u32], max_new_tokens: usize) -> Result<(), EngineError> {
        let (context, rows) = (self.config().n_positions, self.config().vocab_size);
        if prompt.is_empty() {
            return Err(EngineError::EmptyPrompt);
        }
        if prompt.len().saturating_add(max_new_tokens) > context {
            return Err(EngineError::PromptTooLong { prompt: prompt.len(), max_new_tokens, context });
        }
        match prompt.iter().find(|id| **id as usize >= rows) {
            Some(id) => Err(EngineError::TokenOutOfRange { id: *id, rows }),
            None => Ok(()),
        }
    }

    pub(crate) fn adapter(&self) -> Option<&Arc<Adapter>> {
        self.adapter.as_ref()
    }

    pub(crate) fn network(&self) -> &Gpt2 {
        &self.base.network
    }
}

impl std::fmt::Debug for LoadedModel {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_tuple("LoadedModel").field(&self.key()).finish()
    }
}
