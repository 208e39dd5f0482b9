//! From a checkpoint folder to what a model is made of, with whatever spares work: the cache on disk, and tokenizers
//! that are loaded already.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::thread;

use super::error::{self, LoadError};
use super::files::{self, Folder};
use super::identity::Identity;
use super::pack::{self, pack};
use super::tensors::Tensors;
use super::{Checkpoint, generation_eos};
use crate::cache::Cache;
use crate::config::ModelConfig;
use crate::key::{ModelKey, Precision};
use crate::model::Gpt2;
use crate::packed::Packed;
use crate::tokenizer::{self, Tokenizer};

/// Loads checkpoints.
#[derive(Default)]
pub(crate) struct Loader {
    cache: Option<Cache>,
    /// By the hash of their files. Several checkpoints often have the same tokenizer.
    tokenizers: Mutex<HashMap<[u8; 32], Weak<Tokenizer>>>,
}

/// What a folder holds, as long as nobody overwrote it meanwhile.
pub(crate) struct Contents {
    config: ModelConfig,
    tokenizer: Option<Arc<Tokenizer>>,
    eos_token_ids: Vec<u32>,
    packed: Packed,
    /// Whether the weights were packed just now.
    is_new: bool,
}

impl Loader {
    /// A loader that keeps what can be made again in this folder.
    pub(crate) fn new(cache: Option<PathBuf>) -> Self {
        Self { cache: cache.map(Cache::new), ..Self::default() }
    }

    /// Which content a folder has.
    pub(crate) fn identify(&self, folder: &Path) -> Result<Identity, LoadError> {
        Identity::of(folder, self.cache.as_ref())
    }

    /// Whether a folder still has this content.
    pub(crate) fn holds(&self, folder: &Path, identity: &Identity) -> bool {
        identity.holds(folder, self.cache.as_ref())
    }

    /// Reads a folder whose content has this key.
    pub(crate) fn read(&self, folder: &Path, key: &ModelKey) -> Result<Contents, LoadError> {
        let files = Folder::open(folder)?;
        let config = ModelConfig::parse(&files.config, &error::read(&files.config)?)?;
        let (tokenizer, weights) = at_once(|| self.tokenizer(folder, &config), || self.weights(&files, &config, key));
        let (tokenizer, (packed, is_new)) = (tokenizer?, weights?);
        let eos_token_ids = match generation_eos(folder)? {
            Some(ids) => ids,
            None => config.eos_token_ids.clone(),
        };
        Ok(Contents { config, tokenizer, eos_token_ids, packed, is_new })
    }

    /// Makes a checkpoint of contents that are known to be those of this key, and keeps their weights in the cache.
    pub(crate) fn finish(&self, key: &ModelKey, contents: Contents) -> Result<Checkpoint, LoadError> {
        let Contents { config, tokenizer, eos_token_ids, packed, is_new } = contents;
        let packed = match self.cache_of(key) {
            Some(cache) if is_new => cache.store(key, packed),
            _ => packed,
        };
        Ok(Checkpoint { network: Gpt2::new(config, &packed)?, tokenizer, eos_token_ids })
    }

    /// The packed weights, and whether they were packed just now.
    fn weights(&self, files: &Folder, config: &ModelConfig, key: &ModelKey) -> Result<(Packed, bool), LoadError> {
        let precision = key.precision();
        let kept = self.cache_of(key).and_then(|cache| cache.packed(key));
        if let Some(packed) = kept.filter(|packed| pack::is_whole(packed, config, precision)) {
            return Ok((packed, false));
        }
        Ok((pack(config, Tensors::open(&files.weights)?, precision)?, true))
    }

    /// The cache for weights of this precision. Those in f32 are as large as the files that they come from.
    fn cache_of(&self, key: &ModelKey) -> Option<&Cache> {
        self.cache.as_ref().filter(|_| key.precision() == Precision::Int8)
    }

    pub(super) fn tokenizer(&self, folder: &Path, config: &ModelConfig) -> Result<Option<Arc<Tokenizer>>, LoadError> {
        let hash = files::hash(tokenizer::FILES.iter().map(|name| folder.join(name)).filter(|path| path.is_file()))?;
        let mut tokenizers = self.tokenizers.lock().unwrap_or_else(PoisonError::into_inner);
        let tokenizer = match tokenizers.get(&hash).and_then(Weak::upgrade) {
            Some(known) => known,
            None => match Tokenizer::from_folder(folder)? {
                Some(tokenizer) => Arc::new(tokenizer),
                None => return Ok(None),
            },
        };
        let (rows, vocab_size) = (tokenizer.rows(), config.vocab_size);
        if rows > vocab_size {
            return Err(LoadError::TokenizerTooLarge { folder: folder.to_owned(), rows, vocab_size });
        }
        tokenizers.retain(|_, tokenizer| tokenizer.strong_count() > 0);
        tokenizers.insert(hash, Arc::downgrade(&tokenizer));
        Ok(Some(tokenizer))
    }
}

/// Both results, computed at once where the system grants a thread.
fn at_once<A: Send, B>(a: impl Fn() -> A + Sync, b: impl FnOnce() -> B) -> (A, B) {
    thread::scope(|scope| {
        let beside = thread::Builder::new().name("load".to_owned()).spawn_scoped(scope, &a);
        let b = b();
        let a = match beside {
            Ok(beside) => beside.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)),
            Err(_) => a(),
        };
        (a, b)
    })
}
