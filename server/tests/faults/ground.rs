//! The database under the daemon: asked, locked, killed or filled up by the campaign.

mod postgres;
mod sqlite;

use crate::run::Slot;

pub(crate) use postgres::PostgresGround;
pub(crate) use sqlite::SqliteGround;

/// What every database here must hide.
pub(crate) const PASSWORD: &str = "correct-horse-battery-staple";

/// Rows of texts.
pub(crate) type Rows = Vec<Vec<Option<String>>>;

/// Which database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Sqlite,
    Postgres,
}

impl Kind {
    /// Its name in reports.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::Postgres => "postgres",
        }
    }
}

/// The database of one act.
pub(crate) enum Ground {
    Sqlite(SqliteGround),
    Postgres(PostgresGround),
}

impl Ground {
    /// An empty database with our schema; `None` where PostgreSQL is wanted and there is none to be had.
    pub(crate) async fn new(kind: Kind) -> Option<Self> {
        match kind {
            Kind::Sqlite => Some(Self::Sqlite(SqliteGround::new().await)),
            Kind::Postgres => PostgresGround::new().await.map(Self::Postgres),
        }
    }

    /// Which kind it is.
    pub(crate) fn kind(&self) -> Kind {
        match self {
            Self::Sqlite(_) => Kind::Sqlite,
            Self::Postgres(_) => Kind::Postgres,
        }
    }

    /// The variable by which a daemon finds it.
    pub(crate) fn variable(&self, slot: Slot) -> (&'static str, String) {
        match self {
            Self::Sqlite(ground) => ("MASKARAD_STORE_PATH", ground.path()),
            Self::Postgres(ground) => ("DATABASE_URL", ground.url(slot.role())),
        }
    }

    /// Asks behind the store's back; every column must be a text. Waits for a database that is coming up.
    pub(crate) async fn rows(&mut self, sql: &str) -> Rows {
        match self {
            Self::Sqlite(ground) => ground.rows(sql).await,
            Self::Postgres(ground) => ground.rows(sql).await,
        }
    }

    /// A single number.
    pub(crate) async fn number(&mut self, sql: &str) -> i64 {
        let rows = self.rows(&format!("select cast(({sql}) as text)")).await;
        rows[0][0].as_deref().map_or(0, |text| text.parse().unwrap())
    }

    /// Keeps the daemon from storing updates until [`Ground::unlock`]; reading goes on.
    pub(crate) async fn lock(&mut self) {
        match self {
            Self::Sqlite(ground) => ground.lock().await,
            Self::Postgres(ground) => ground.lock().await,
        }
    }

    /// Ends that.
    pub(crate) async fn unlock(&mut self) {
        match self {
            Self::Sqlite(ground) => ground.unlock().await,
            Self::Postgres(ground) => ground.unlock().await,
        }
    }

    /// Waits until nothing is done any more on behalf of a daemon that was killed: a server goes on with a statement
    /// whose client is dead.
    pub(crate) async fn forget_the_dead(&mut self, slot: Slot) {
        if let Self::Postgres(ground) = self {
            ground.forget_the_dead(slot.role()).await;
        }
    }

    /// Everything that it keeps, as one text for each file or table.
    pub(crate) async fn dump(&mut self) -> Vec<(String, Vec<u8>)> {
        match self {
            Self::Sqlite(ground) => ground.dump(),
            Self::Postgres(ground) => ground.dump().await,
        }
    }
}
