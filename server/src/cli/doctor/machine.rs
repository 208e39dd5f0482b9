//! What the machine has to offer: disk, file descriptors, memory. What is said of the numbers is pure.

use std::path::{Path, PathBuf};

use rustix::process::{Resource, getrlimit};

use super::finding::Findings;
use crate::config::daemon::{DaemonConfig, StoreTarget};
use crate::machine::total_memory;

const MIB: u64 = 1 << 20;
/// State grows by messages; with less than this SQLite and its log may fill the disk in a day.
const LEAST_STATE: u64 = 256 * MIB;
/// Converted weights of one small checkpoint.
const LEAST_CACHE: u64 = 256 * MIB;
/// What the store, the log and the files of a start need.
const DESCRIPTORS: u64 = 64;
/// Each persona polls and sends.
const DESCRIPTORS_OF_PERSONA: u64 = 4;
/// What the listener lets in at once.
const DESCRIPTORS_OF_LISTENER: u64 = 512;
/// What the process takes besides weights and conversations.
const PROCESS: u64 = 64 * MIB;

/// Looks at the folders that are written to.
pub(super) fn disks(config: &DaemonConfig, findings: &mut Findings) {
    if let StoreTarget::Sqlite(path) = &config.store.target {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        disk("the state", folder, LEAST_STATE, findings);
    }
    cache(config, findings);
}

/// Looks at the folder of what can be made again.
pub(super) fn cache(config: &DaemonConfig, findings: &mut Findings) {
    if let Some(cache) = &config.engine.cache {
        disk("the cache", cache, LEAST_CACHE, findings);
    }
}

fn disk(what: &str, folder: &Path, least: u64, findings: &mut Findings) {
    let there = nearest(folder);
    // A file without a name: nothing of it can be left behind.
    if let Err(error) = tempfile::tempfile_in(&there) {
        return findings.error(
            "disk",
            format!("the folder of {what}, {}, can't be written to: {error}", folder.display()),
            "give it to the user that runs the daemon, or name another folder (store.path, cache)",
        );
    }
    match rustix::fs::statvfs(&there) {
        Ok(disk) => room(what, folder, (disk.f_bavail.saturating_mul(disk.f_frsize), least), findings),
        Err(error) => findings.warning(
            "disk",
            format!("how much room {} has can't be found out: {error}", there.display()),
            "look with `df`",
        ),
    }
}

/// The folder itself, or the first above it that is there: that is where it would be made.
fn nearest(folder: &Path) -> PathBuf {
    let absolute = std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned());
    absolute.ancestors().find(|folder| folder.is_dir()).unwrap_or(Path::new("/")).to_owned()
}

fn room(what: &str, folder: &Path, (free, least): (u64, u64), findings: &mut Findings) {
    let message = format!("{} MiB are free for {what} in {}", free / MIB, folder.display());
    let mend = format!("make room, at least {} MiB, or move it to another disk", least / MIB);
    if free < least / 8 {
        findings.error("disk", message, mend);
    } else if free < least {
        findings.warning("disk", message, mend);
    } else {
        findings.ok("disk", message);
    }
}

/// Looks at how many files and connections may be open.
pub(super) fn descriptors(config: &DaemonConfig, personas: usize, findings: &mut Findings) {
    // No limit is none to complain about.
    let limit = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
    enough_descriptors(limit, needed(config.listen.is_some(), personas), findings);
}

fn needed(listens: bool, personas: usize) -> u64 {
    let personas = u64::try_from(personas).unwrap_or(u64::MAX);
    let listener = if listens { DESCRIPTORS_OF_LISTENER } else { 0 };
    personas.saturating_mul(DESCRIPTORS_OF_PERSONA).saturating_add(DESCRIPTORS + listener)
}

fn enough_descriptors(limit: u64, needed: u64, findings: &mut Findings) {
    if limit >= needed {
        return findings.ok("limits", format!("{limit} files and connections may be open; {needed} are enough"));
    }
    findings.warning(
        "limits",
        format!("only {limit} files and connections may be open, and {needed} may be needed"),
        format!("set LimitNOFILE={} in the unit, or `ulimit -n {}` in the shell", needed.max(1024), needed.max(1024)),
    );
}

/// Compares what the weights and conversations take with what the machine has.
pub(super) fn memory(weights: usize, conversations: usize, findings: &mut Findings) {
    let bytes = |bytes: usize| u64::try_from(bytes).unwrap_or(u64::MAX);
    let Some(total) = total_memory() else { return };
    enough_memory(bytes(weights), bytes(conversations), total, findings);
}

fn enough_memory(weights: u64, conversations: u64, total: u64, findings: &mut Findings) {
    let predicted = weights.saturating_add(conversations).saturating_add(PROCESS);
    let message = format!(
        "all personas together take up to {} MiB of memory ({} weights, {} conversations, {} the rest); there are {} MiB",
        predicted.div_ceil(MIB),
        weights.div_ceil(MIB),
        conversations.div_ceil(MIB),
        PROCESS / MIB,
        total / MIB
    );
    let mend =
        "lower engine.kv_memory, use precision int8, let personas share a base by adapters, or take a larger machine";
    if predicted > total {
        findings.error("memory", message, mend);
    } else if predicted > total / 5 * 4 {
        findings.warning("memory", message, mend);
    } else {
        findings.ok("memory", message);
    }
}

#[cfg(test)]
mod tests {
    use super::super::finding::Level;
    use super::*;

    fn level(look: impl FnOnce(&mut Findings)) -> Level {
        let mut findings = Findings::default();
        look(&mut findings);
        findings.told()[0].0
    }

    #[test]
    fn room_on_a_disk() {
        let told = |free| level(|findings| room("the state", Path::new("/x"), (free * MIB, 256 * MIB), findings));
        assert_eq!([told(10), told(100), told(300)], [Level::Error, Level::Warning, Level::Ok]);
    }

    #[test]
    fn a_folder_that_is_not_there_yet_is_judged_by_the_one_above() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(nearest(&folder.path().join("a/b")), folder.path());
        assert_eq!(level(|findings| disk("it", Path::new("/proc/no/such"), 1, findings)), Level::Error);
        assert_eq!(level(|findings| disk("it", &folder.path().join("a/b"), 1, findings)), Level::Ok);
        assert!(!folder.path().join("a").exists());
    }

    #[test]
    fn descriptors_by_what_is_open() {
        assert_eq!((needed(false, 2), needed(true, 2)), (72, 584));
        assert_eq!(level(|findings| enough_descriptors(64, 72, findings)), Level::Warning);
        assert_eq!(level(|findings| enough_descriptors(72, 72, findings)), Level::Ok);
    }

    #[test]
    fn memory_of_the_machine() {
        let told = |total| level(|findings| enough_memory(100 * MIB, 256 * MIB, total * MIB, findings));
        assert_eq!([told(400), told(500), told(1024)], [Level::Error, Level::Warning, Level::Ok]);
    }
}
