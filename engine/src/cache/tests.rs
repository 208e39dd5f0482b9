//! The cache against files that are damaged, foreign, left behind, or can't be written.

use std::time::{Duration, SystemTime};

use tempfile::TempDir;

use super::*;
use crate::key::Precision;
use crate::packed::{Kind, Layout};
use crate::region::Region;

/// What is wrong with a file, and how to bring it about.
type Damage = (&'static str, fn(&mut Vec<u8>));

const KIND: Kind = Kind::Vectors { rows: 3, width: 20 };

fn key(content: u8) -> ModelKey {
    ModelKey::new([content; 32], Precision::Int8)
}

/// Weights that consist of one section.
fn weights() -> Packed {
    let mut layout = Layout::default();
    let range = layout.add("wpe.weight".to_owned(), KIND, 7);
    let region = Region::owned::<io::Error>(range.end, |memory| {
        memory.iter_mut().enumerate().for_each(|(at, byte)| *byte = at as u8);
        Ok(())
    });
    Packed::new(region.unwrap(), layout)
}

fn cache() -> (TempDir, Cache) {
    let folder = tempfile::tempdir().unwrap();
    let cache = Cache::new(folder.path().join("new/cache"));
    (folder, cache)
}

fn names(cache: &Cache) -> Vec<String> {
    let entries = std::fs::read_dir(&cache.folder).unwrap();
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

fn assert_same(packed: &Packed) {
    assert!(packed.vectors("wpe.weight", 3, 20).is_ok());
    assert_eq!(packed.region().all(), weights().region().all());
}

/// Changes a file, though it is read-only.
fn change(path: &Path, change: impl FnOnce(&mut Vec<u8>)) {
    let mut bytes = std::fs::read(path).unwrap();
    change(&mut bytes);
    std::fs::remove_file(path).unwrap();
    std::fs::write(path, bytes).unwrap();
}

#[test]
fn what_is_stored_is_found_and_shared() {
    let (_folder, cache) = cache();
    assert!(cache.packed(&key(1)).is_none());
    assert_same(&cache.store(&key(1), weights()));
    assert_same(&cache.packed(&key(1)).unwrap());
    assert!(cache.packed(&key(2)).is_none());
    assert_eq!(names(&cache), [format!("{}.packed", key(1))]);
    let mode = std::fs::metadata(cache.path(&key(1).to_string(), PACKED)).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o444);
}

#[test]
fn every_damage_is_noticed_and_mended() {
    let (_folder, cache) = cache();
    cache.store(&key(1), weights());
    let path = cache.path(&key(1).to_string(), PACKED);
    let whole = std::fs::read(&path).unwrap();
    let damages: [Damage; 10] = [
        ("empty", Vec::clear),
        ("cut in the prefix", |bytes| bytes.truncate(40)),
        ("cut in the header", |bytes| bytes.truncate(100)),
        ("cut at its end", |bytes| bytes.truncate(bytes.len() - 1)),
        ("longer", |bytes| bytes.push(0)),
        ("of another kind", |bytes| bytes[0] = b'M'),
        ("of another version", |bytes| bytes[8] += 1),
        ("of another byte order", |bytes| bytes[12..16].reverse()),
        ("with a bit of its header flipped", |bytes| bytes[90] ^= 1),
        ("with the last bit flipped", |bytes| *bytes.last_mut().unwrap() ^= 1),
    ];
    for (damage, inflict) in damages {
        change(&path, inflict);
        assert!(cache.packed(&key(1)).is_none(), "{damage}");
        assert_same(&cache.store(&key(1), weights()));
        assert_eq!(std::fs::read(&path).unwrap(), whole, "{damage}");
    }
}

#[test]
fn another_models_weights_are_not_taken() {
    let (_folder, cache) = cache();
    cache.store(&key(1), weights());
    let path = |number| cache.path(&key(number).to_string(), PACKED);
    std::fs::copy(path(1), path(2)).unwrap();
    assert!(cache.packed(&key(2)).is_none());
}

#[test]
fn a_header_of_any_length_is_refused() {
    let (_folder, cache) = cache();
    cache.store(&key(1), weights());
    change(&cache.path(&key(1).to_string(), PACKED), |bytes| bytes[16..24].fill(0xff));
    assert!(cache.packed(&key(1)).is_none());
}

#[test]
fn a_folder_that_can_not_be_written_to_leaves_weights_in_memory() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    let cache = Cache::new(file.join("cache"));
    assert!(cache.packed(&key(1)).is_none());
    assert_same(&cache.store(&key(1), weights()));
}

#[test]
fn mapped_weights_survive_their_file() {
    let (folder, cache) = cache();
    let packed = cache.store(&key(1), weights());
    cache.store(&key(1), weights());
    drop(folder);
    assert_same(&packed);
}

#[test]
fn what_nobody_will_ask_for_is_taken_away() {
    let (folder, cache) = cache();
    let age = |name: &str| {
        let file = File::options().read(true).open(cache.folder.join(name)).unwrap();
        file.set_modified(SystemTime::now() - Duration::from_secs(7200)).unwrap();
        file
    };
    cache.store(&key(1), weights());
    cache.store(&key(2), weights());
    cache.remember(&Record::new(folder.path().to_owned(), Vec::new(), [1; 32]));
    cache.remember(&Record::new(folder.path().join("gone"), Vec::new(), [2; 32]));
    for name in ["a.unfinished", "b.unfinished", "c.unfinished", "mine.txt"] {
        std::fs::write(cache.folder.join(name), "").unwrap();
    }
    for number in [1, 2] {
        age(&format!("{}.packed", key(number)));
    }
    age("a.unfinished");
    let writing = age("b.unfinished");
    writing.lock().unwrap();
    age("mine.txt");
    cache.store(&key(3), weights());
    let names = names(&cache);
    let kept =
        ["b.unfinished", "c.unfinished", "mine.txt", &format!("{}.packed", key(1)), &format!("{}.packed", key(3))];
    for name in kept {
        assert!(names.iter().any(|kept| kept == name), "{name} of {names:?}");
    }
    assert_eq!(names.len(), kept.len() + 1, "{names:?}");
    assert_eq!(cache.recall(folder.path(), &[]), Some([1; 32]));
}

#[test]
fn a_record_is_believed_only_whole_and_for_its_folder() {
    let (folder, cache) = cache();
    let file = folder.path().join("config.json");
    std::fs::write(&file, "{}").unwrap();
    let marks = vec![Mark::new(&file, &file.metadata().unwrap())];
    let record = Record::new(folder.path().to_owned(), marks.clone(), [7; 32]);
    assert_eq!(cache.recall(folder.path(), &marks), None);
    cache.remember(&record);
    assert_eq!(cache.recall(folder.path(), &marks), Some([7; 32]));
    assert_eq!(cache.recall(&file, &marks), None);
    std::fs::write(&file, "[]").unwrap();
    let changed = vec![Mark::new(&file, &file.metadata().unwrap())];
    assert_eq!(cache.recall(folder.path(), &changed), None);
    let path = cache.record(folder.path());
    change(&path, |bytes| *bytes.last_mut().unwrap() ^= 1);
    assert_eq!(cache.recall(folder.path(), &marks), None);
    change(&path, |bytes| bytes.truncate(10));
    assert_eq!(cache.recall(folder.path(), &marks), None);
}
