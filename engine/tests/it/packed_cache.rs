//! Packed weights on disk: they give what a conversion gives, whatever becomes of their files and of the checkpoint.

use std::fs::File;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use maskarad_engine::synthetic::{Shape, write_checkpoint};
use maskarad_engine::{Engine, EngineConfig, LoadedModel, Precision};
use tempfile::TempDir;

use crate::support::{self, copy, own};

/// A checkpoint and a cache folder.
struct Fixture {
    folder: TempDir,
}

impl Fixture {
    fn new() -> Self {
        let fixture = Self { folder: tempfile::tempdir().unwrap() };
        write_checkpoint(&fixture.checkpoint(), Shape::TINY, 1).unwrap();
        fixture
    }

    fn checkpoint(&self) -> PathBuf {
        self.folder.path().join("checkpoint")
    }

    fn cache(&self) -> PathBuf {
        self.folder.path().join("cache")
    }

    /// The files of the cache that end so.
    fn kept(&self, ending: &str) -> Vec<PathBuf> {
        let Ok(entries) = std::fs::read_dir(self.cache()) else { return Vec::new() };
        entries.map(|entry| entry.unwrap().path()).filter(|path| path.to_string_lossy().ends_with(ending)).collect()
    }

    fn packed(&self) -> PathBuf {
        let [packed] = &self.kept(".packed")[..] else { panic!("{:?}", self.kept("")) };
        packed.clone()
    }

    /// Logits after a start with the cache.
    fn started(&self) -> Vec<Vec<f32>> {
        logits(Some(self.cache()), &self.checkpoint())
    }

    /// Logits after a start without one.
    fn converted(&self) -> Vec<Vec<f32>> {
        logits(None, &self.checkpoint())
    }
}

fn engine(cache: Option<PathBuf>) -> Engine {
    Engine::start(EngineConfig { threads: 1, cache, ..EngineConfig::default() }).unwrap()
}

fn load(engine: &Engine, checkpoint: &Path) -> LoadedModel {
    support::load(engine, checkpoint, Precision::Int8)
}

fn logits(cache: Option<PathBuf>, checkpoint: &Path) -> Vec<Vec<f32>> {
    load(&engine(cache), checkpoint).logits(&[5, 3, 300, 77]).unwrap()
}

#[test]
fn the_next_start_takes_what_the_first_one_kept() {
    let fixture = Fixture::new();
    let first = fixture.started();
    let kept = fixture.packed().metadata().unwrap();
    assert_eq!(fixture.started(), first);
    assert_eq!(fixture.converted(), first);
    let now = fixture.packed().metadata().unwrap();
    assert_eq!((now.ino(), now.mtime_nsec()), (kept.ino(), kept.mtime_nsec()), "it was not converted again");
    assert_eq!(fixture.kept(".unfinished"), Vec::<PathBuf>::new());
}

#[test]
fn a_running_model_survives_the_loss_of_the_cache() {
    let fixture = Fixture::new();
    let engine = engine(Some(fixture.cache()));
    let model = load(&engine, &fixture.checkpoint());
    let before = model.logits(&[1, 2, 3]).unwrap();
    std::fs::remove_dir_all(fixture.cache()).unwrap();
    assert_eq!(model.logits(&[1, 2, 3]).unwrap(), before);
    assert_eq!(fixture.started(), fixture.converted());
    assert_eq!(fixture.kept(".packed").len(), 1);
}

#[test]
fn damaged_files_are_replaced() {
    let fixture = Fixture::new();
    let first = fixture.started();
    let whole = std::fs::read(fixture.packed()).unwrap();
    let damages: [fn(&mut Vec<u8>); 5] = [
        Vec::clear,
        |bytes| bytes.truncate(bytes.len() / 2),
        |bytes| bytes[8] += 1,
        |bytes| bytes[80] ^= 0x40,
        |bytes| {
            let middle = bytes.len() / 2;
            bytes[middle] ^= 1;
        },
    ];
    for damage in damages {
        let mut bytes = whole.clone();
        damage(&mut bytes);
        let path = fixture.packed();
        std::fs::remove_file(&path).unwrap();
        std::fs::write(&path, bytes).unwrap();
        assert_eq!(fixture.started(), first);
        assert_eq!(std::fs::read(&path).unwrap(), whole);
    }
}

#[test]
fn an_overwritten_checkpoint_is_not_served_from_the_cache() {
    let fixture = Fixture::new();
    let file = fixture.checkpoint().join("model.safetensors");
    // Long enough ago for its looks to be trusted.
    std::thread::sleep(Duration::from_millis(2100));
    let first = fixture.started();
    assert_eq!(fixture.kept(".checkpoint").len(), 1);
    assert_eq!(fixture.started(), first);
    let before = file.metadata().unwrap();
    write_checkpoint(&fixture.checkpoint(), Shape::TINY, 2).unwrap();
    File::options().append(true).open(&file).unwrap().set_modified(before.modified().unwrap()).unwrap();
    let now = file.metadata().unwrap();
    assert_eq!((now.len(), now.mtime_nsec()), (before.len(), before.mtime_nsec()), "it looks the same");
    let second = fixture.started();
    assert_ne!(second, first);
    assert_eq!(second, fixture.converted());
    assert_eq!(fixture.started(), second);
}

#[test]
fn a_cache_that_can_not_be_written_to_does_no_harm() {
    let fixture = Fixture::new();
    std::fs::write(fixture.cache(), "a file, where a folder should be").unwrap();
    assert_eq!(fixture.started(), fixture.converted());
    let below_a_file = fixture.checkpoint().join("config.json/cache");
    assert_eq!(logits(Some(below_a_file), &fixture.checkpoint()), fixture.converted());
}

#[test]
fn several_engines_that_convert_at_once_agree() {
    let fixture = Fixture::new();
    let expected = fixture.converted();
    for _ in 0..3 {
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| assert_eq!(fixture.started(), expected));
            }
        });
        assert_eq!((fixture.kept(".packed").len(), fixture.kept(".unfinished").len()), (1, 0));
        std::fs::remove_file(fixture.packed()).unwrap();
    }
}

#[test]
fn floats_are_not_kept() {
    let fixture = Fixture::new();
    let engine = engine(Some(fixture.cache()));
    support::load(&engine, &fixture.checkpoint(), Precision::F32);
    assert_eq!(fixture.kept(".packed"), Vec::<PathBuf>::new());
}

#[test]
fn equal_tokenizers_are_one() {
    let (a, b, c) = (copy(&own("tied_odd_width")), copy(&own("untied_f16_gelu")), copy(&own("pickle_relu")));
    for (folder, last) in [(&a, "ab"), (&b, "ab"), (&c, "ba")] {
        let merges = last.chars().map(String::from).collect::<Vec<_>>().join(" ");
        std::fs::write(folder.path().join("vocab.json"), format!(r#"{{"a": 0, "b": 1, "{last}": 2}}"#)).unwrap();
        std::fs::write(folder.path().join("merges.txt"), format!("{merges}\n")).unwrap();
    }
    let engine = engine(None);
    let tokenizer = |folder: &TempDir| Arc::clone(load(&engine, folder.path()).tokenizer().unwrap());
    let (a, b, c) = (tokenizer(&a), tokenizer(&b), tokenizer(&c));
    assert!(Arc::ptr_eq(&a, &b));
    assert_eq!((a.encode("ab").unwrap(), c.encode("ba").unwrap()), (vec![2], vec![2]));
    assert_eq!(c.encode("ab").unwrap(), [0, 1]);
}
