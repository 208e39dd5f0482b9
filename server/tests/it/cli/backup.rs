use std::path::Path;

use super::{Run, maskarad};
use crate::support::database::{Backend, TestDatabase, open};

fn backup(database: &str, file: &Path, more: &[&str]) -> Run {
    let arguments = [&["backup", file.to_str().unwrap()], more].concat();
    maskarad(&arguments, &[("MASKARAD_STORE_PATH", database)], "")
}

#[tokio::test]
async fn a_copy_is_made_beside_an_open_store_and_told_of() {
    let database = TestDatabase::new(Backend::Sqlite).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("copy.db");
    let run = backup(database.url(), &file, &[]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    assert!(run.stdout.contains("copy.db: ") && run.stdout.contains("bytes, checked"), "{}", run.stdout);
    open(file.to_str().unwrap()).await.ping().await.unwrap();
    let again = backup(database.url(), &file, &[]);
    assert_eq!(again.code, Some(1));
    assert!(again.stderr.contains("is there already") && again.stderr.contains("--force"), "{}", again.stderr);
    assert_eq!(backup(database.url(), &file, &["--force"]).code, Some(0));
}

#[test]
fn what_there_is_not_is_not_copied() {
    let folder = tempfile::tempdir().unwrap();
    let absent = folder.path().join("absent.db");
    let run = backup(absent.to_str().unwrap(), &folder.path().join("copy.db"), &[]);
    assert_eq!(run.code, Some(1));
    assert!(run.stderr.contains("absent.db: there is no such database"), "{}", run.stderr);
    assert!(!absent.exists(), "looking for a database makes none");
}

#[test]
fn postgresql_has_a_tool_of_its_own() {
    let url = "postgres://me:hush@127.0.0.1:1/state";
    let run = maskarad(&["backup", "state.dump"], &[("DATABASE_URL", url)], "");
    assert_eq!(run.code, Some(1));
    for told in ["pg_dump --format=custom --file='state.dump' \"$DATABASE_URL\"", "docs/OPERATING.md"] {
        assert!(run.stderr.contains(told), "{}", run.stderr);
    }
    assert!(!run.stderr.contains("hush"), "{}", run.stderr);
}
