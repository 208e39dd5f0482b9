//! Which checkpoints and adapters lie on this machine, by content: a folder's name says nothing about its weights.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use maskarad_engine::{Engine, checkpoint};

/// How many folders deep is looked.
const DEPTH: usize = 4;

/// What weights are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Piece {
    /// A checkpoint.
    Base,
    /// An adapter on one.
    Adapter,
}

impl Piece {
    /// The SHA-256 of what is in a folder. Blocking.
    pub(super) fn identify(self, engine: &Engine, folder: &Path) -> Result<[u8; 32], checkpoint::LoadError> {
        match self {
            Self::Base => engine.identify(folder),
            Self::Adapter => checkpoint::hash_of_adapter(folder),
        }
    }
}

/// Folders by the SHA-256 of what is in them.
#[derive(Default)]
pub(super) struct Index {
    folders: HashMap<[u8; 32], PathBuf>,
}

impl Index {
    /// Looks through these folders. Blocking; reads every file that the engine's cache doesn't know. Folders that hold half a
    /// checkpoint are passed over: somebody may be copying it.
    pub(super) fn of(engine: &Engine, roots: &[PathBuf]) -> Self {
        let mut index = Self::default();
        for root in roots {
            index.look(engine, root, DEPTH);
        }
        index
    }

    /// The folder with this content.
    pub(super) fn find(&self, content: &[u8; 32]) -> Option<&Path> {
        self.folders.get(content).map(PathBuf::as_path)
    }

    fn look(&mut self, engine: &Engine, folder: &Path, depth: usize) {
        for (file, piece) in [("config.json", Piece::Base), ("adapter_config.json", Piece::Adapter)] {
            if folder.join(file).is_file()
                && let Ok(content) = piece.identify(engine, folder)
            {
                self.folders.insert(content, folder.to_owned());
            }
        }
        if depth == 0 {
            return;
        }
        let entries = std::fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok);
        // What is being fetched is hidden.
        let hidden = |path: &Path| path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
        for entry in entries.map(|entry| entry.path()).filter(|path| path.is_dir() && !hidden(path)) {
            self.look(engine, &entry, depth - 1);
        }
    }
}
