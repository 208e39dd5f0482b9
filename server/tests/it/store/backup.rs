//! Copies of the state, made while it changes, and what they are worth when they are needed.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

use maskarad::store::{BackupError, Effect, Existing, Store, StoreError, backup};
use maskarad::trigger::Trigger;

use super::fixtures::*;
use super::schema::{Cast, fixture, latest_migration, taken_up};
use crate::support::database::{Backend, TestDatabase, on_both};

on_both!(a_copy_made_in_a_storm_is_of_one_moment, a_restored_copy_is_taken_up);

/// Copies a database as docs/OPERATING.md tells, and restores the copy as a new database. `None` where PostgreSQL's tools
/// are missing and may be.
async fn copied(database: &TestDatabase) -> Option<TestDatabase> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("copy");
    match database.backend() {
        Backend::Sqlite => {
            backup(Path::new(database.url()), &file, Existing::Keep).await.unwrap();
            let restore = async |path: &str| {
                std::fs::copy(&file, path).unwrap();
            };
            TestDatabase::from_dump(Backend::Sqlite, "", restore).await
        }
        Backend::Postgres => {
            let name = file.to_str().unwrap();
            if !has_tools() {
                return None;
            }
            run("pg_dump", &["--format=custom", "--file", name, "--dbname", database.url()]);
            let restore =
                async |url: &str| run("pg_restore", &["--exit-on-error", "--no-owner", "--dbname", url, name]);
            TestDatabase::from_dump(Backend::Postgres, "select 1", restore).await
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "tests are told by the environment what they may do without")]
fn has_tools() -> bool {
    let found = Command::new("pg_dump").arg("--version").output().is_ok();
    let required = ["CI", "MASKARAD_REQUIRE_POSTGRES"].iter().any(|name| std::env::var_os(name).is_some());
    assert!(found || !required, "pg_dump is missing");
    if !found {
        eprintln!("skipped: there is no pg_dump");
    }
    found
}

fn run(program: &str, arguments: &[&str]) {
    let output = Command::new(program).args(arguments).output().unwrap();
    assert!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
}

/// Writes a message and its job in one transaction, again and again.
async fn storm(store: Arc<dyn Store>, next: Arc<AtomicI64>, over: Arc<AtomicBool>) {
    while !over.load(Ordering::Relaxed) {
        let id = next.fetch_add(1, Ordering::Relaxed);
        let place = place(5 + id % 7);
        let effects = vec![
            Effect::Remember(said(&place, id, &"слово ".repeat(200))),
            Effect::Enqueue(job(&place, id, Trigger::Name)),
        ];
        assert!(apply(&*store, effects).await);
    }
}

async fn a_copy_made_in_a_storm_is_of_one_moment(database: TestDatabase) {
    let (next, over) = (Arc::new(AtomicI64::new(1)), Arc::new(AtomicBool::new(false)));
    let storms: Vec<_> =
        (0..3).map(|_| tokio::spawn(storm(database.shared(), Arc::clone(&next), Arc::clone(&over)))).collect();
    let count = async |database: &TestDatabase, sql: &str| -> usize {
        database.sql(sql).await.pop().flatten().unwrap().parse().unwrap()
    };
    for _ in 0..4 {
        while count(&database, "select cast(count(*) as text) from messages").await < 50 {
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
        let before = count(&database, "select cast(count(*) as text) from messages").await;
        let Some(copy) = copied(&database).await else { break };
        let messages = count(&copy, "select cast(count(*) as text) from messages").await;
        let unmatched = "select cast(count(*) as text) from messages where not exists (
                             select 1 from jobs where jobs.message_id = messages.message_id)";
        assert!(messages >= before, "{messages} of {before}");
        assert_eq!(count(&copy, unmatched).await, 0, "no half of a transaction");
        assert_eq!(count(&copy, "select cast(count(*) as text) from jobs").await, messages);
        copy.store().ping().await.unwrap();
    }
    over.store(true, Ordering::Relaxed);
    for storm in storms {
        storm.await.unwrap();
    }
}

/// Jobs in every state, one of them being sent: none is lost, and the conversation goes on.
async fn a_restored_copy_is_taken_up(database: TestDatabase) {
    let (cast, version) = (Cast::new().await, latest_migration());
    let dump = cast.rename(&fixture(version, database.backend()));
    let Some(original) = TestDatabase::from_dump(database.backend(), &dump, async |_| ()).await else { return };
    let Some(restored) = copied(&original).await else { return };
    drop(original);
    taken_up(version, &cast, restored).await;
}

/// An SQLite database with something in it, and a folder for its copies.
async fn sqlite() -> (TestDatabase, tempfile::TempDir) {
    let database = TestDatabase::new(Backend::Sqlite).await.unwrap();
    remember(database.store(), (1..=300).map(|id| said(&place(5), id, &"привет ".repeat(50)))).await;
    (database, tempfile::tempdir().unwrap())
}

fn names(folder: &Path) -> Vec<String> {
    let name = |entry: std::io::Result<std::fs::DirEntry>| entry.unwrap().file_name().into_string().unwrap();
    let mut names: Vec<_> = std::fs::read_dir(folder).unwrap().map(name).collect();
    names.sort();
    names
}

#[tokio::test]
async fn a_copy_is_for_its_owner_and_replaces_nothing_unasked() {
    let (database, folder) = sqlite().await;
    let (path, file) = (Path::new(database.url()), folder.path().join("a copy.db"));
    let length = backup(path, &file, Existing::Keep).await.unwrap();
    let metadata = std::fs::metadata(&file).unwrap();
    assert_eq!((metadata.len(), metadata.permissions().mode() & 0o777), (length, 0o600));
    let refused = backup(path, &file, Existing::Keep).await.unwrap_err();
    assert!(matches!(refused, BackupError::Exists { .. }) && refused.to_string().contains("--force"), "{refused}");
    remember(database.store(), (301..=600).map(|id| said(&place(5), id, &"привет ".repeat(50)))).await;
    assert!(backup(path, &file, Existing::Replace).await.unwrap() > length);
    for same in [path.to_owned(), path.parent().unwrap().join("../state/maskarad.db")] {
        let refused = backup(path, &same, Existing::Replace).await.unwrap_err();
        assert!(matches!(refused, BackupError::Itself { .. }), "{refused}");
    }
    assert_eq!(names(folder.path()), ["a copy.db"], "nothing else is left behind");
    assert_eq!(texts(database.store(), &place(5)).await.len(), 600);
}

#[tokio::test]
async fn what_cannot_be_copied_leaves_no_file() {
    let (mut database, folder) = sqlite().await;
    let file = folder.path().join("copy.db");
    let absent = folder.path().join("absent.db");
    let refused = backup(&absent, &file, Existing::Keep).await.unwrap_err();
    assert!(matches!(refused, BackupError::NoDatabase { .. }), "{refused}");
    let nowhere = folder.path().join("nowhere/copy.db");
    let refused = backup(Path::new(database.url()), &nowhere, Existing::Keep).await.unwrap_err();
    assert!(refused.to_string().contains("nowhere"), "{refused}");

    database.reopen().await;
    database.store().close().await;
    let mut bytes = std::fs::read(database.url()).unwrap();
    let middle = bytes.len() / 2 / 4096 * 4096;
    bytes[middle..middle + 4096 * 4].fill(0xff);
    std::fs::write(database.url(), bytes).unwrap();
    let refused = backup(Path::new(database.url()), &file, Existing::Replace).await.unwrap_err();
    let damaged = matches!(refused, BackupError::Damaged { .. } | BackupError::Store(StoreError::Refused(_)));
    assert!(damaged && refused.to_string().contains("malformed"), "{refused}");
    assert_eq!(names(folder.path()), [""; 0]);
}
