//! The weights that a worker holds: found on its disk, or fetched; loaded where there is room; let go when nobody wants them
//! any more. By content alone: weights of another content under the right name are other weights.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use maskarad_engine::key::hex;
use maskarad_engine::{Engine, LoadedModel, ModelKey, Precision, checkpoint};
use tokio::sync::watch;

use super::WorkerConfig;
use super::fetch::Source;
use super::index::{Index, Piece};
use super::wanted::Bases;

/// All of them.
pub(super) struct Shelf {
    engine: Engine,
    roots: Vec<PathBuf>,
    fetched: PathBuf,
    source: Option<Source>,
    memory: usize,
    /// The bases that jobs are taken for.
    held: watch::Sender<Vec<ModelKey>>,
    /// One change at a time.
    changing: tokio::sync::Mutex<()>,
    trouble: Mutex<Option<String>>,
}

impl Shelf {
    pub(super) fn new(config: &WorkerConfig, engine: Engine) -> Self {
        let mut roots = config.models.clone();
        roots.push(config.fetched.clone());
        Self {
            engine,
            roots,
            fetched: config.fetched.clone(),
            source: config.source.clone(),
            memory: config.memory,
            held: watch::Sender::new(Vec::new()),
            changing: tokio::sync::Mutex::default(),
            trouble: Mutex::default(),
        }
    }

    /// The bases that jobs are taken for.
    pub(super) fn bases(&self) -> Vec<ModelKey> {
        self.held.borrow().clone()
    }

    /// Whether jobs for this model are taken.
    pub(super) fn holds(&self, model: &ModelKey) -> bool {
        self.held.borrow().contains(&model.base())
    }

    /// Tells of each change of the bases.
    pub(super) fn watch(&self) -> watch::Receiver<Vec<ModelKey>> {
        self.held.subscribe()
    }

    /// What keeps it from holding all that is wanted.
    pub(super) fn trouble(&self) -> Option<String> {
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Comes as near to what is wanted as it can. What nobody wants any more is given no new jobs, and leaves memory with the
    /// last job under way.
    pub(super) async fn adjust(&self, wanted: &Bases) {
        let _one_at_a_time = self.changing.lock().await;
        let wants = |key: &ModelKey| wanted.contains_key(&key.base().to_string());
        for gone in self.bases().into_iter().filter(|base| !wants(base)) {
            self.held.send_modify(|held| held.retain(|base| *base != gone));
            for key in self.engine.loaded_models().into_iter().filter(|key| key.base() == gone) {
                self.engine.unload(&key);
            }
            tracing::info!(model = %gone, "nobody wants these weights any more");
        }
        let mut trouble = None;
        for (base, adapters) in wanted.values() {
            match self.take(base, adapters).await {
                Ok(()) => {}
                Err(error) => {
                    tracing::warn!(model = %base, "{error}");
                    trouble.get_or_insert(error);
                }
            }
        }
        *self.trouble.lock().unwrap_or_else(PoisonError::into_inner) = trouble;
    }

    /// Takes a base and its adapters, as far as it hasn't them.
    async fn take(&self, base: &ModelKey, adapters: &BTreeSet<[u8; 32]>) -> Result<(), String> {
        if !self.holds(base) {
            self.load(base).await?;
            self.held.send_modify(|held| held.push(*base));
            tracing::info!(model = %base, bytes = self.engine.weights_memory(), "takes jobs for these weights");
        }
        for adapter in adapters {
            self.wear_within(&base.with_adapter(*adapter)).await?;
        }
        Ok(())
    }

    /// Makes sure that the model of a job can be used: its adapter may be new.
    pub(super) async fn wear(&self, model: &ModelKey) -> Result<(), String> {
        if self.engine.model(model).is_some() {
            return Ok(());
        }
        let _one_at_a_time = self.changing.lock().await;
        self.wear_within(model).await
    }

    async fn wear_within(&self, model: &ModelKey) -> Result<(), String> {
        let Some(adapter) = model.adapter().filter(|_| self.engine.model(model).is_none()) else { return Ok(()) };
        let folder = self.folder(adapter, Piece::Adapter).await?;
        let base = self.folder(model.content(), Piece::Base).await?;
        let precision = model.precision();
        let engine = self.engine.clone();
        self.checked(model, move || engine.load_adapter(&base, &folder, precision)).await
    }

    async fn load(&self, base: &ModelKey) -> Result<(), String> {
        let folder = self.folder(base.content(), Piece::Base).await?;
        self.has_room(base, &folder)?;
        let (engine, precision) = (self.engine.clone(), base.precision());
        self.checked(base, move || engine.load(&folder, precision)).await
    }

    /// Loads, and lets go of what turns out to be something else.
    async fn checked(
        &self,
        wanted: &ModelKey,
        load: impl FnOnce() -> Result<LoadedModel, checkpoint::LoadError> + Send + 'static,
    ) -> Result<(), String> {
        let loaded = blocking(load).await?.map_err(|error| error.to_string())?;
        if loaded.key() == *wanted {
            return Ok(());
        }
        self.engine.unload(&loaded.key());
        Err(format!("the files changed while they were loaded: they are {} now, and {wanted} is wanted", loaded.key()))
    }

    fn has_room(&self, base: &ModelKey, folder: &Path) -> Result<(), String> {
        let files = checkpoint::files_of(folder).map_err(|error| error.to_string())?;
        let bytes: u64 = files.iter().filter_map(|file| file.metadata().ok()).map(|metadata| metadata.len()).sum();
        let bytes = usize::try_from(bytes).unwrap_or(usize::MAX);
        let needed = match base.precision() {
            Precision::F32 => bytes,
            // A byte and a little for each 32-bit float.
            Precision::Int8 => bytes / 3,
        };
        let used = self.engine.weights_memory();
        if used.saturating_add(needed) <= self.memory {
            return Ok(());
        }
        let mib = |bytes: usize| bytes.div_ceil(1 << 20);
        Err(format!(
            "there is no room for {base}: it needs {} MiB, and {} of worker.memory's {} MiB are taken",
            mib(needed),
            mib(used),
            mib(self.memory)
        ))
    }

    /// The folder with this content, fetched where need be.
    async fn folder(&self, content: [u8; 32], piece: Piece) -> Result<PathBuf, String> {
        let (engine, roots) = (self.engine.clone(), self.roots.clone());
        let index = blocking(move || Index::of(&engine, &roots)).await?;
        if let Some(folder) = index.find(&content) {
            return Ok(folder.to_owned());
        }
        let name = hex(content);
        let Some(source) = &self.source else {
            let looked: Vec<_> = self.roots.iter().map(|root| root.display().to_string()).collect();
            let looked = looked.join(", ");
            return Err(format!(
                "no folder in {looked} has the content {name}: copy the checkpoint there, or set worker.daemon"
            ));
        };
        let part = self.fetched.join(format!(".{name}"));
        let fetched = self.fetch(source, &name, &part, piece).await;
        if fetched.is_err() {
            let _ = std::fs::remove_dir_all(&part);
        }
        fetched
    }

    /// Fetches weights into `part`, and puts them in their place once they have proven to be what was asked for.
    async fn fetch(&self, source: &Source, name: &str, part: &Path, piece: Piece) -> Result<PathBuf, String> {
        source.fetch(name, part).await.map_err(|error| error.to_string())?;
        let (engine, folder) = (self.engine.clone(), part.to_owned());
        let found = blocking(move || piece.identify(&engine, &folder)).await?.map_err(|error| error.to_string())?;
        let found = hex(found);
        if found != name {
            return Err(format!("worker.daemon sent {found} where {name} was asked for; the files are deleted"));
        }
        let folder = self.fetched.join(name);
        std::fs::rename(part, &folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        tracing::info!(folder = %folder.display(), "fetched");
        Ok(folder)
    }
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, String> {
    tokio::task::spawn_blocking(work).await.map_err(|error| format!("loading died: {error}"))
}
