//! State outlives the process, and a database may come and go.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use maskarad::store::{self, Condition, Location, StoreError};
use maskarad::trigger::Trigger;
use sqlx::{Connection, SqliteConnection};

use super::fixtures::*;
use super::schema::latest_migration;
use crate::support::database::{Backend, TestDatabase, on_both, open, postgres_server};

on_both!(
    state_survives_a_restart,
    two_stores_share_a_database,
    a_newer_schema_is_refused,
    a_look_tells_how_far_the_schema_is,
    a_closed_store_is_unavailable
);

async fn state_survives_a_restart(mut database: TestDatabase) {
    let store = database.store();
    set(store, place(5).key(), store::ChatSettings::default()).await;
    store.accept(BOT, &[update(1, Some(5))], NOW).await.unwrap();
    remember(store, [said(&place(5), 1, "привет")]).await;
    enqueue(store, [1, 2].map(|message| job(&place(5), message, Trigger::Private))).await;
    store.claim(&lease(), &lead(pending_job(store, &place(5), 1).await.id), NOW).await.unwrap();

    database.reopen().await;
    let store = database.store();
    store.ping().await.unwrap();
    assert!(store.settings(&place(5).key()).await.unwrap().is_some());
    assert_eq!(store.unrouted(BOT, &[], 9).await.unwrap().len(), 1);
    assert_eq!(texts(store, &place(5)).await, ["привет"]);
    assert_eq!(take(store).await.expect("nobody has it").recovered.running, 1);
    assert_eq!(pending(store, &place(5)).await, [1, 2]);
}

/// A command beside the daemon, or a daemon about to take over.
async fn two_stores_share_a_database(database: TestDatabase) {
    let other = open(database.url()).await;
    let writing = async |store: &dyn store::Store, first: i64| {
        for id in first..first + 50 {
            store.accept(BOT, &[update(id, Some(id))], NOW).await.unwrap();
        }
    };
    tokio::join!(writing(database.store(), 0), writing(&*other, 1000));
    assert_eq!(other.unrouted(BOT, &[], 1000).await.unwrap().len(), 100);
}

async fn a_look_tells_how_far_the_schema_is(database: TestDatabase) {
    let look = async || store::examine(&database.location()).await;
    assert_eq!(look().await.unwrap(), Condition::Current);
    let latest = i64::from(latest_migration());
    database.sql(&format!("delete from _sqlx_migrations where version = {latest}")).await;
    assert_eq!(look().await.unwrap(), Condition::Behind(1));
    database.sql("update _sqlx_migrations set version = 9001 where version = 1").await;
    assert!(matches!(look().await, Err(StoreError::Newer { found: 9001, known }) if known == latest));
    database.sql("drop table _sqlx_migrations").await;
    assert_eq!(look().await.unwrap(), Condition::Behind(latest_migration() as usize));
}

async fn a_newer_schema_is_refused(mut database: TestDatabase) {
    database
        .sql(
            "insert into _sqlx_migrations (version, description, success, checksum, execution_time)
         select 9001, 'from the future', success, checksum, 0 from _sqlx_migrations where version = 1",
        )
        .await;
    let error = store::open(&database.location()).await.err().expect("the schema is newer");
    let latest = i64::from(latest_migration());
    assert!(matches!(error, StoreError::Newer { found: 9001, known } if known == latest), "{error:?}");
    assert!(error.to_string().contains("newer release"));
    database.sql("delete from _sqlx_migrations where version = 9001").await;
    database.reopen().await;
}

async fn a_closed_store_is_unavailable(database: TestDatabase) {
    database.store().close().await;
    assert!(matches!(database.store().ping().await, Err(StoreError::Unavailable(_))));
    assert!(matches!(database.store().accept(BOT, &[update(1, None)], NOW).await, Err(StoreError::Unavailable(_))));
}

#[tokio::test]
async fn a_file_in_the_way_is_told_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "not a database, but long enough to be taken for one".repeat(100)).unwrap();
    let started = Instant::now();
    for path in [file.join("state.db"), folder.path().to_owned(), file] {
        let location = Location::parse(path.to_str().unwrap()).unwrap();
        let error = store::connect(&location, Duration::from_secs(60)).await.err().expect("no database can be there");
        eprintln!("{error}");
    }
    assert!(started.elapsed() < Duration::from_secs(20));
}

/// A daemon and a command beside it may both be the first to open the file.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_new_file_is_opened_by_many_at_once() {
    for _ in 0..10 {
        let folder = tempfile::tempdir().unwrap();
        let location = Location::parse(folder.path().join("state.db").to_str().unwrap()).unwrap();
        let opening = (0..4).map(|_| {
            let location = location.clone();
            tokio::spawn(async move { store::open(&location).await })
        });
        for opened in futures::future::join_all(opening).await {
            opened.unwrap().unwrap_or_else(|error| panic!("{error}")).ping().await.unwrap();
        }
    }
}

/// Another process writes for longer than we wait.
#[tokio::test]
async fn a_locked_file_is_unavailable_until_it_is_free() {
    let database = TestDatabase::new(Backend::Sqlite).await.unwrap();
    let mut other = SqliteConnection::connect(database.url()).await.unwrap();
    let transaction = other.begin_with("begin immediate").await.unwrap();
    let error = database.store().accept(BOT, &[update(1, None)], NOW).await.unwrap_err();
    assert!(matches!(error, StoreError::Unavailable(_)), "{error:?}");
    database.store().ping().await.unwrap();
    transaction.rollback().await.unwrap();
    assert_eq!(database.store().accept(BOT, &[update(1, None)], NOW).await.unwrap(), 1);
}

#[tokio::test]
async fn an_absent_server_is_waited_for_and_given_up() {
    let location = Location::parse("postgres://me:hush@127.0.0.1:1/state").unwrap();
    let error = store::connect(&location, Duration::from_secs(1)).await.err().expect("nothing listens on port 1");
    assert!(matches!(error, StoreError::GaveUp { .. }), "{error:?}");
    assert!(!format!("{error} {error:?}").contains("hush"));
}

/// A cluster of its own, which may be stopped.
struct Cluster(PathBuf);

impl Cluster {
    fn run(&self, action: &str) -> String {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scripts/postgres.sh");
        let output = Command::new(script).arg(action).arg(&self.0).output().unwrap();
        assert!(output.status.success(), "{action}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.run("stop");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_may_come_and_go() {
    if postgres_server().is_none() {
        return;
    }
    let folder = tempfile::Builder::new().prefix("maskarad-postgres-").tempdir().unwrap();
    // The server runs as somebody else, who must be able to enter.
    std::fs::set_permissions(folder.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let cluster = Cluster(folder.path().join("cluster"));
    let url = cluster.run("start");
    let store = open(&url).await;
    assert_eq!(store.accept(BOT, &[update(1, Some(5))], NOW).await.unwrap(), 1);

    for stop in ["stop", "kill"] {
        cluster.run(stop);
        let error = store.accept(BOT, &[update(2, Some(5))], NOW).await.unwrap_err();
        assert!(matches!(error, StoreError::Unavailable(_)), "{error:?}");
        let waiting = tokio::spawn({
            let location = Location::parse(&url).unwrap();
            async move { store::connect(&location, Duration::from_secs(30)).await }
        });
        cluster.run("start");
        let late = waiting.await.unwrap().expect("the server came back");
        late.ping().await.unwrap();
        store.ping().await.unwrap();
        assert_eq!(store.unrouted(BOT, &[], 9).await.unwrap().len(), 1);
    }
    assert_eq!(store.accept(BOT, &[update(2, Some(6))], NOW).await.unwrap(), 1);
    store.close().await;
}
