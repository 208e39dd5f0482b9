//! A database of its own for each test, on either backend.
//!
//! PostgreSQL is brought up by `scripts/postgres.sh start`, which `make test` calls; its URL comes in
//! MASKARAD_TEST_POSTGRES_URL. Without it the PostgreSQL half of a test is skipped, unless CI or
//! MASKARAD_REQUIRE_POSTGRES is set.

use std::path::Path;
use std::sync::Arc;

use maskarad::store::{self, Location, Store};
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection, Row, SqliteConnection};
use tempfile::TempDir;
use url::Url;

/// The databases that every story about state runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Backend {
    Postgres,
    Sqlite,
}

/// Makes two tests of each function `async fn story(database: TestDatabase)`: `story::postgres` and `story::sqlite`.
macro_rules! on_both {
    ($($story:ident),* $(,)?) => { $(
        mod $story {
            use crate::support::database::{Backend, TestDatabase};

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn postgres() {
                if let Some(database) = TestDatabase::new(Backend::Postgres).await {
                    super::$story(database).await;
                }
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn sqlite() {
                let database = TestDatabase::new(Backend::Sqlite).await.expect("a file can always be made");
                super::$story(database).await;
            }
        }
    )* };
}
pub(crate) use on_both;

/// An empty database with our schema; gone when dropped.
pub(crate) struct TestDatabase {
    backend: Backend,
    url: String,
    store: Arc<dyn Store>,
    _place: Place,
}

impl TestDatabase {
    /// Makes a database; `None` where PostgreSQL is wanted and there is none to be had.
    pub(crate) async fn new(backend: Backend) -> Option<Self> {
        let (url, place) = match backend {
            Backend::Postgres => postgres_database().await?,
            Backend::Sqlite => sqlite_file(),
        };
        let store = open(&url).await;
        Some(Self { backend, url, store, _place: place })
    }

    /// The same from a dump, which the store then brings up to date. `look` sees it before that.
    pub(crate) async fn from_dump(backend: Backend, dump: &str, look: impl AsyncFnOnce(&str)) -> Option<Self> {
        let (url, place) = match backend {
            Backend::Postgres => postgres_database().await?,
            Backend::Sqlite => sqlite_file(),
        };
        run_script(backend, &url, dump).await;
        look(&url).await;
        let store = open(&url).await;
        Some(Self { backend, url, store, _place: place })
    }

    /// Which kind it is.
    pub(crate) fn backend(&self) -> Backend {
        self.backend
    }

    /// What a daemon is given to find it: a `postgres://` URL or a path.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Where it is, parsed.
    pub(crate) fn location(&self) -> Location {
        Location::parse(&self.url).unwrap()
    }

    /// The store over it.
    pub(crate) fn store(&self) -> &dyn Store {
        &*self.store
    }

    /// The store over it, to be shared.
    pub(crate) fn shared(&self) -> Arc<dyn Store> {
        Arc::clone(&self.store)
    }

    /// Closes all connections and opens the store anew, as a restart does.
    pub(crate) async fn reopen(&mut self) {
        self.store.close().await;
        self.store = open(&self.url).await;
    }

    /// Keeps everybody from writing updates, until the lock is released.
    pub(crate) async fn lock_inbox(&self) -> HeldLock {
        match self.backend {
            Backend::Postgres => {
                let mut connection = PgConnection::connect(&self.url).await.unwrap();
                connection.execute("begin; lock table inbox in exclusive mode").await.unwrap();
                HeldLock::Postgres(connection)
            }
            Backend::Sqlite => {
                let mut connection = SqliteConnection::connect(&self.url).await.unwrap();
                connection.execute("begin immediate").await.unwrap();
                HeldLock::Sqlite(connection)
            }
        }
    }

    /// Runs SQL behind the store's back and returns the first column of each row, which must be a text.
    pub(crate) async fn sql(&self, sql: &str) -> Vec<Option<String>> {
        column(self.backend, &self.url, sql).await
    }
}

/// Runs SQL in a database and returns the first column of each row, which must be a text.
pub(crate) async fn column(backend: Backend, url: &str, sql: &str) -> Vec<Option<String>> {
    let sql = AssertSqlSafe(sql.to_owned());
    match backend {
        Backend::Postgres => {
            let mut connection = PgConnection::connect(url).await.unwrap();
            connection.fetch_all(sqlx::query(sql)).await.unwrap().iter().map(|row| row.get(0)).collect()
        }
        Backend::Sqlite => {
            let mut connection = SqliteConnection::connect(url).await.unwrap();
            connection.fetch_all(sqlx::query(sql)).await.unwrap().iter().map(|row| row.get(0)).collect()
        }
    }
}

/// Runs a whole script in an empty database.
async fn run_script(backend: Backend, url: &str, script: &str) {
    let script = sqlx::raw_sql(AssertSqlSafe(script.to_owned()));
    match backend {
        Backend::Postgres => {
            let mut connection = PgConnection::connect(url).await.unwrap();
            connection.execute(script).await.unwrap();
            connection.close().await.unwrap();
        }
        Backend::Sqlite => {
            std::fs::create_dir_all(Path::new(url).parent().unwrap()).unwrap();
            let mut connection = SqliteConnection::connect(&format!("sqlite:{url}?mode=rwc")).await.unwrap();
            connection.execute(script).await.unwrap();
            connection.close().await.unwrap();
        }
    }
}

/// Somebody else's transaction that keeps the inbox from being written.
pub(crate) enum HeldLock {
    Postgres(PgConnection),
    Sqlite(SqliteConnection),
}

impl HeldLock {
    /// Ends that transaction.
    pub(crate) async fn release(self) {
        match self {
            Self::Postgres(mut connection) => connection.execute("rollback").await.map(drop).unwrap(),
            Self::Sqlite(mut connection) => connection.execute("rollback").await.map(drop).unwrap(),
        }
    }
}

/// Opens the store at this URL or path.
pub(crate) async fn open(url: &str) -> Arc<dyn Store> {
    store::open(&Location::parse(url).unwrap()).await.unwrap()
}

/// What must be cleaned up.
enum Place {
    Postgres { server: String, name: String },
    Sqlite { _folder: TempDir },
}

impl Drop for Place {
    fn drop(&mut self) {
        let Self::Postgres { server, name } = self else { return };
        let (server, name) = (server.clone(), name.clone());
        // The test's own runtime may be shutting down.
        let dropping = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(administer(&server, format!("drop database if exists {name} with (force)")))
        });
        if !matches!(dropping.join(), Ok(Ok(()))) {
            eprintln!("a test database was left behind");
        }
    }
}

fn sqlite_file() -> (String, Place) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state/maskarad.db");
    (path.to_str().expect("temporary folders have plain names").to_owned(), Place::Sqlite { _folder: folder })
}

async fn postgres_database() -> Option<(String, Place)> {
    let server = postgres_server()?;
    let name = format!("test_{:032x}", rand::random::<u128>());
    administer(&server, format!("create database {name}")).await.unwrap();
    let mut url = Url::parse(&server).unwrap();
    url.set_path(&name);
    Some((url.into(), Place::Postgres { server, name }))
}

async fn administer(server: &str, sql: String) -> sqlx::Result<()> {
    let mut connection = PgConnection::connect(server).await?;
    connection.execute(sqlx::query(AssertSqlSafe(sql))).await?;
    connection.close().await
}

/// The URL of the test server, or `None` where the tests may do without.
#[expect(clippy::disallowed_methods, reason = "tests are told about their server by the environment")]
pub(crate) fn postgres_server() -> Option<String> {
    if let Ok(url) = std::env::var("MASKARAD_TEST_POSTGRES_URL") {
        return Some(url);
    }
    let required = ["CI", "MASKARAD_REQUIRE_POSTGRES"].into_iter().find(|name| std::env::var_os(name).is_some());
    if let Some(name) = required {
        panic!("{name} is set, but MASKARAD_TEST_POSTGRES_URL isn't (make test sets it)");
    }
    eprintln!("skipped: MASKARAD_TEST_POSTGRES_URL not set (make test sets it)");
    None
}
