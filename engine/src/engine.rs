//! The handle that the rest of the program holds: loads models, takes requests, hands out their events.
//! Knows neither tensors nor the order in which sequences run.

mod handle;

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::mpsc;

pub use self::handle::{CancelHandle, Generation};

use crate::checkpoint::{Contents, LoadError, Loader};
use crate::error::EngineError;
use crate::generation::Request;
use crate::kernels::{InstructionSet, Kernels};
use crate::key::{ModelKey, Precision};
use crate::model::Compute;
use crate::model::loaded::LoadedModel;
use crate::observer::Observer;
use crate::scheduler::Limits;
use crate::sequence::Sequence;
use crate::worker::{Cancelled, Job, Worker};

/// How often a checkpoint is read that is overwritten meanwhile.
const ATTEMPTS: u32 = 2;

/// What one engine may use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EngineConfig {
    /// Threads of the pool that computes.
    pub threads: usize,
    /// Bytes of keys and values that all running sequences together may hold.
    pub kv_memory: usize,
    /// Sequences that run at once.
    pub max_batch: usize,
    /// Requests that may wait for admission; more are refused.
    pub max_waiting: usize,
    /// The folder where packed weights are kept from one start to the next; it may be shared, and emptied at any time.
    /// Nothing is kept where absent.
    pub cache: Option<PathBuf>,
    /// What the kernels are to be compiled for; the widest that the processor has where absent.
    pub instruction_set: Option<InstructionSet>,
}

impl Default for EngineConfig {
    /// All cores, 256 MiB, 32 sequences, 256 waiting, no cache.
    fn default() -> Self {
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        Self { threads, kv_memory: 256 << 20, max_batch: 32, max_waiting: 256, cache: None, instruction_set: None }
    }
}

/// A running engine. Clones share it; it ends with [`Engine::shutdown`] or with its last clone.
#[derive(Clone)]
pub struct Engine(Arc<Shared>);

struct Shared {
    config: EngineConfig,
    kernels: Kernels,
    worker: Worker,
    loader: Loader,
    models: Mutex<HashMap<ModelKey, LoadedModel>>,
    /// Held while a checkpoint is read, so that the same files asked for twice at once are read once.
    loading: Mutex<()>,
}

impl Engine {
    /// Starts the engine's thread and its pool.
    ///
    /// # Errors
    /// [`EngineError::Start`] where the system refuses a thread.
    pub fn start(config: EngineConfig) -> Result<Self, EngineError> {
        Self::start_observed(config, None)
    }

    /// As [`Engine::start`]; `observer` is told of each step.
    ///
    /// # Errors
    /// As [`Engine::start`].
    pub fn start_observed(config: EngineConfig, observer: Option<Box<dyn Observer>>) -> Result<Self, EngineError> {
        let limits = Limits { kv_memory: config.kv_memory, max_batch: config.max_batch.max(1) };
        let compute = Compute::start(config.threads.max(1), config.instruction_set)?;
        let kernels = compute.kernels;
        let worker = Worker::start(limits, compute, config.max_waiting, observer)?;
        let loader = Loader::new(config.cache.clone());
        let (models, loading) = Default::default();
        Ok(Self(Arc::new(Shared { config, kernels, worker, loader, models, loading })))
    }

    /// Loads the checkpoint folder at `path`, blocking; or, where files of the same content are loaded already in this
    /// precision, returns that model.
    ///
    /// # Errors
    /// Whatever in the folder can't be read or honoured.
    pub fn load(&self, path: &Path, precision: Precision) -> Result<LoadedModel, LoadError> {
        self.load_with(path, precision, |key| self.0.loader.read(path, key))
    }

    /// As [`Engine::load`]. A model is registered only under the key of the very files it was made of: those that were
    /// overwritten on the way are read once more.
    fn load_with(
        &self,
        path: &Path,
        precision: Precision,
        read: impl Fn(&ModelKey) -> Result<Contents, LoadError>,
    ) -> Result<LoadedModel, LoadError> {
        let _one_at_a_time = self.0.loading.lock().unwrap_or_else(PoisonError::into_inner);
        let model = self.base(path, precision, read)?;
        self.models().insert(model.key(), model.clone());
        Ok(model)
    }

    /// Loads the checkpoint folder `base`, or takes it where it is loaded already, and lets it wear the adapter in the
    /// folder `adapter`, as PEFT writes it. However many adapters are on it, a base is in memory once, and requests for
    /// all of them share its forward pass.
    ///
    /// # Errors
    /// Whatever in either folder can't be read or honoured, and an adapter that doesn't fit the base.
    pub fn load_adapter(&self, base: &Path, adapter: &Path, precision: Precision) -> Result<LoadedModel, LoadError> {
        let _one_at_a_time = self.0.loading.lock().unwrap_or_else(PoisonError::into_inner);
        let model = self.base(base, precision, |key| self.0.loader.read(base, key))?;
        let known = model.key().with_adapter(self.0.loader.identify_adapter(adapter, &model)?);
        if let Some(model) = self.model(&known) {
            return Ok(model);
        }
        let model = model.wearing(Some(Arc::new(self.0.loader.adapter(adapter, &model)?)));
        tracing::info!(folder = %adapter.display(), bytes = model.adapter_memory(), "loaded an adapter");
        self.models().insert(model.key(), model.clone());
        Ok(model)
    }

    /// A base, from its folder or from memory; the caller holds `loading`.
    fn base(
        &self,
        path: &Path,
        precision: Precision,
        read: impl Fn(&ModelKey) -> Result<Contents, LoadError>,
    ) -> Result<LoadedModel, LoadError> {
        for _ in 0..ATTEMPTS {
            let identity = self.0.loader.identify(path)?;
            let key = ModelKey::new(identity.content(), precision);
            if let Some(model) = self.models().values().find(|model| model.key().base() == key) {
                return Ok(model.wearing(None));
            }
            let contents = read(&key);
            if self.0.loader.holds(path, &identity) {
                let model = LoadedModel::new(key, self.0.loader.finish(&key, contents?)?, self.0.kernels);
                tracing::info!(folder = %path.display(), %precision, bytes = model.memory(), "loaded a checkpoint");
                return Ok(model);
            }
            tracing::warn!(folder = %path.display(), "a checkpoint was overwritten while it was read");
        }
        Err(LoadError::Changing { folder: path.to_owned() })
    }

    /// Which content a checkpoint folder has, without loading it: what [`ModelKey::content`] of its model would be. Reads all
    /// its files, unless the cache knows them.
    ///
    /// # Errors
    /// A folder that is no checkpoint, or can't be read.
    pub fn identify(&self, path: &Path) -> Result<[u8; 32], LoadError> {
        Ok(self.0.loader.identify(path)?.content())
    }

    /// The instructions that its kernels use.
    #[must_use]
    pub fn instruction_set(&self) -> InstructionSet {
        self.0.kernels.instruction_set()
    }

    /// The loaded model of this key.
    #[must_use]
    pub fn model(&self, key: &ModelKey) -> Option<LoadedModel> {
        self.models().get(key).cloned()
    }

    /// The keys of all loaded models, each adapter's apart, in no particular order.
    #[must_use]
    pub fn loaded_models(&self) -> Vec<ModelKey> {
        self.models().keys().copied().collect()
    }

    /// Bytes of the weights of all loaded models: each base once, and each adapter.
    #[must_use]
    pub fn weights_memory(&self) -> usize {
        let models = self.models();
        let bases: HashMap<_, _> = models.values().map(|model| (model.key().base(), model.memory())).collect();
        bases.values().sum::<usize>() + models.values().map(LoadedModel::adapter_memory).sum::<usize>()
    }

    /// How many bases lie in memory.
    #[must_use]
    pub fn loaded_bases(&self) -> usize {
        self.models().keys().map(|key| key.base()).collect::<HashSet<_>>().len()
    }

    /// Forgets a model, and its base with the last that wears it: new requests for it are refused, running ones keep it until they end.
    pub fn unload(&self, key: &ModelKey) -> Option<LoadedModel> {
        self.models().remove(key)
    }

    /// What this engine may use.
    #[must_use]
    pub fn config(&self) -> &EngineConfig {
        &self.0.config
    }

    /// Tokens that a sequence on this model may have, prompt and continuation together: as many as the model has positions,
    /// and as the keys and values of fit `kv_memory`.
    #[must_use]
    pub fn most_tokens(&self, model: &LoadedModel) -> usize {
        model.config().n_positions.min(self.0.config.kv_memory / model.kv_bytes(1))
    }

    /// Takes a request, without waiting for anything.
    ///
    /// # Errors
    /// A request that could never be carried out, [`EngineError::Busy`] where too many wait, [`EngineError::Stopped`].
    pub fn generate(&self, request: Request) -> Result<Generation, EngineError> {
        let model = self.model(&request.model).ok_or(EngineError::UnknownModel(request.model))?;
        // Each token is one event, and the end is another: the worker never waits for a slow reader.
        let (events, receiver) = mpsc::channel(request.generation.max_new_tokens.saturating_add(1).min(1024));
        let sequence = Sequence::new(model, request)?;
        let needed = sequence.kv_bytes();
        if needed > self.0.config.kv_memory {
            return Err(EngineError::NeverFits { needed, budget: self.0.config.kv_memory });
        }
        let cancelled = Cancelled::default();
        self.0.worker.submit(Job { sequence, events, cancelled: cancelled.clone() })?;
        Ok(Generation::new(receiver, cancelled))
    }

    /// Whether the engine's thread is there. It ends with [`Engine::shutdown`], or by a defect.
    #[must_use]
    pub fn is_running(&self) -> bool {
        self.0.worker.is_running()
    }

    /// How often the engine's thread has looked for work. It does so at least once a second, unless it hangs.
    #[must_use]
    pub fn turns(&self) -> u64 {
        self.0.worker.turns()
    }

    /// Stops the engine: running and waiting requests end with [`EngineError::Stopped`]. Returns when the thread has
    /// ended.
    pub fn shutdown(&self) {
        self.0.worker.stop();
    }

    fn models(&self) -> std::sync::MutexGuard<'_, HashMap<ModelKey, LoadedModel>> {
        self.0.models.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
