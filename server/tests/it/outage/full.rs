//! A disk that is full, as a small file system in memory. Only root can make one; elsewhere these are skipped.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use maskarad::lifecycle::Ended;
use maskarad::store::Store;

use super::Scene;
use crate::support::cluster::Cluster;
use crate::support::database::open;

/// A small disk, gone when dropped.
struct Disk {
    folder: PathBuf,
    _place: tempfile::TempDir,
}

impl Disk {
    /// One of so many MiB; `None` where nobody may mount one.
    fn mount(size: u32) -> Option<Self> {
        let place = tempfile::tempdir().unwrap();
        let folder = place.path().join("disk");
        std::fs::create_dir(&folder).unwrap();
        // PostgreSQL runs as somebody else and must get there.
        run("chmod", &["755", text(place.path())]);
        let options = format!("size={size}m,mode=777");
        if !run("mount", &["-t", "tmpfs", "-o", &options, "tmpfs", text(&folder)]) {
            eprintln!("skipped: a small disk can't be mounted here (root can)");
            return None;
        }
        Some(Self { folder, _place: place })
    }

    /// Takes all the room that is left.
    fn fill(&self) {
        let mut filler = std::fs::File::create(self.folder.join("filler")).unwrap();
        let chunk = [0; 4096];
        while std::io::Write::write_all(&mut filler, &chunk).is_ok() {}
    }

    /// Gives it back.
    fn free(&self) {
        std::fs::remove_file(self.folder.join("filler")).unwrap();
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // Lazily: the database may still have files open.
        run("umount", &["-l", text(&self.folder)]);
    }
}

fn run(program: &str, arguments: &[&str]) -> bool {
    Command::new(program).args(arguments).output().is_ok_and(|output| output.status.success())
}

fn text(path: &Path) -> &str {
    path.to_str().expect("temporary folders have plain names")
}

/// Words that no database can make small: four thousand characters of noise.
fn noise() -> String {
    let letters: Vec<char> = ('а'..='я').chain('a'..='z').collect();
    (0..4000).map(|_| letters[rand::random_range(0..letters.len())]).collect()
}

async fn fills_up_and_gets_room(disk: &Disk, store: Arc<dyn Store>, code: &str) {
    let scene = Scene::new(store).await;
    scene.begins_well().await;
    disk.fill();
    let messages = scene.everybody_writes(&noise());
    scene.nothing_is_taken_or_said(&messages, Duration::from_secs(3)).await;
    let said = scene.host.until_store_is("unwritable").await;
    assert!(said["store"]["cause"].as_str().unwrap().contains(code), "{said}");
    disk.free();
    scene.each_is_answered_once(&messages).await;
    scene.is_well().await;
    assert_eq!(scene.host.stop().await, Ended::Cleanly);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_disk_of_postgres_is_full() {
    let Some(disk) = Disk::mount(24) else { return };
    let Some(cluster) = Cluster::start() else { return };
    let place = disk.folder.join("tablespace");
    std::fs::create_dir(&place).unwrap();
    // Nobody but its owner may use a tablespace; without root the server is ours.
    run("chown", &["--reference", text(&cluster.data()), text(&place)]);
    run("chmod", &["700", text(&place)]);
    let tablespace = format!("create tablespace small location '{}'", text(&place));
    cluster.administer(&[&tablespace, "create database state tablespace small"]).await;
    let store = open(&cluster.url_of("postgres", "state")).await;
    fills_up_and_gets_room(&disk, store, "53100").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_disk_of_sqlite_is_full() {
    let Some(disk) = Disk::mount(4) else { return };
    let store = open(text(&disk.folder.join("maskarad.db"))).await;
    fills_up_and_gets_room(&disk, store, "13").await;
}
