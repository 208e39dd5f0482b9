//! Notices that manifests have changed. It looks, rather than being told: that works on every file system, and a folder of
//! a few files costs nothing.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// How often it looks.
const EVERY: Duration = Duration::from_secs(2);

/// Size and time of each manifest.
type Seen = BTreeMap<PathBuf, (u64, Option<SystemTime>)>;

/// Watches a folder of manifests.
pub struct Watch {
    folder: PathBuf,
    every: Duration,
    known: Seen,
}

impl Watch {
    /// Takes what is there now for known.
    pub fn new(folder: &Path) -> Self {
        Self { folder: folder.to_owned(), every: EVERY, known: look(folder) }
    }

    /// Waits for a change, and then until nothing changes any more: an editor may be in the middle of writing.
    pub async fn changed(&mut self) {
        let mut last = self.known.clone();
        loop {
            tokio::time::sleep(self.every).await;
            let now = look(&self.folder);
            if now == last && now != self.known {
                self.known = now;
                return;
            }
            last = now;
        }
    }
}

fn look(folder: &Path) -> Seen {
    let entries = std::fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok);
    let manifests = entries
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml"));
    manifests
        .filter_map(|path| {
            let metadata = std::fs::metadata(&path).ok()?;
            Some((path, (metadata.len(), metadata.modified().ok())))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_change_is_told_once_it_has_settled() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("a.yaml"), "name: a").unwrap();
        let mut watch = Watch { every: Duration::from_millis(5), ..Watch::new(folder.path()) };
        let quiet = tokio::time::timeout(Duration::from_millis(100), watch.changed()).await;
        assert!(quiet.is_err(), "nothing has changed");
        std::fs::write(folder.path().join("notes.txt"), "no manifest").unwrap();
        assert!(tokio::time::timeout(Duration::from_millis(100), watch.changed()).await.is_err());
        for change in ["added", "rewritten", "removed"] {
            let path = folder.path().join("b.yaml");
            match change {
                "added" => std::fs::write(path, "name: b").unwrap(),
                "rewritten" => std::fs::write(path, "name: bb").unwrap(),
                _ => std::fs::remove_file(path).unwrap(),
            }
            assert!(tokio::time::timeout(Duration::from_secs(5), watch.changed()).await.is_ok(), "{change}");
        }
    }
}
