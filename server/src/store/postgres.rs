//! PostgreSQL's dialect: how its connections are made and how values travel. Knows no table.

use sqlx::encode::IsNull;
use sqlx::error::BoxDynError;
use sqlx::migrate::Migrator;
use sqlx::postgres::types::Oid;
use sqlx::postgres::{
    PgArgumentBuffer, PgArguments, PgConnectOptions, PgPoolOptions, PgRow, PgTypeInfo, PgValueRef, Postgres,
};
use sqlx::query::Query;
use sqlx::{ConnectOptions, Connection, Decode, Encode, PgConnection, Row, SqlStr, Transaction, Type};
use time::OffsetDateTime;

use super::connect::{ACQUIRE_TIMEOUT, migration_error, migrations};
use super::dialect::{Dialect, StoredRow, Value, instant, milliseconds, storable};
use super::error::{Result, StoreError};
use super::sql::SqlStore;
use locks::AdvisoryLocks;

mod locks;

/// The daemon's work is short statements; more connections would only wait for each other.
const CONNECTIONS: u32 = 6;

/// Opens the database and brings its schema up to date.
pub(super) async fn open(options: &PgConnectOptions) -> Result<SqlStore<Postgres>> {
    // A connection of its own tells what is wrong; the pool would only say that it timed out.
    let mut connection = tokio::time::timeout(ACQUIRE_TIMEOUT, options.connect())
        .await
        .map_err(|_| StoreError::from(sqlx::Error::PoolTimedOut))??;
    let migrated = migrate(&mut connection).await;
    // Closing gives back the migration lock, which an error leaves held.
    let closed = connection.close().await;
    migrated?;
    closed?;
    let pool = PgPoolOptions::new()
        .max_connections(CONNECTIONS)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .connect_lazy_with(options.clone());
    Ok(SqlStore::new(pool.clone(), pool, AdvisoryLocks::new(options.clone())))
}

async fn migrate(connection: &mut PgConnection) -> Result<()> {
    let migrator = migrator();
    migrator.run_direct(None, connection, false).await.map_err(|error| migration_error(error, &migrator))
}

pub(super) fn migrator() -> Migrator {
    let texts = [
        (1, "state", include_str!("../../../migrations/postgres/0001_state.sql")),
        (2, "outbox", include_str!("../../../migrations/postgres/0002_outbox.sql")),
        (3, "request", include_str!("../../../migrations/postgres/0003_request.sql")),
        (4, "api_keys", include_str!("../../../migrations/postgres/0004_api_keys.sql")),
        (5, "rooms", include_str!("../../../migrations/postgres/0005_rooms.sql")),
        (6, "console", include_str!("../../../migrations/postgres/0006_console.sql")),
        (7, "daemons", include_str!("../../../migrations/postgres/0007_daemons.sql")),
    ];
    Migrator::with_migrations(migrations(texts))
}

impl Dialect for Postgres {
    const LOCK: Option<&'static str> = Some("select pg_advisory_xact_lock(hashtextextended($1, 0))");
    const ALONE: Option<&'static str> = Some("lock table leases in exclusive mode");
    const AFTER_FORGETTING: Option<&'static str> = None;
    const SHARED_ROW: &'static str = " for share";
    const NOW: &'static str = "now()";
    type Locks = AdvisoryLocks;

    fn one_of(expression: &str, parameter: u8) -> String {
        format!("{expression} = any(${parameter})")
    }

    async fn begin(connection: &mut PgConnection) -> sqlx::Result<Transaction<'_, Self>> {
        connection.begin().await
    }

    async fn execute(connection: &mut PgConnection, statement: SqlStr, values: &[Value<'_>]) -> sqlx::Result<u64> {
        Ok(query(statement, values).execute(connection).await?.rows_affected())
    }

    async fn fetch(connection: &mut PgConnection, statement: SqlStr, values: &[Value<'_>]) -> sqlx::Result<Vec<PgRow>> {
        query(statement, values).fetch_all(connection).await
    }
}

fn query<'q>(statement: SqlStr, values: &[Value<'_>]) -> Query<'q, Postgres, PgArguments> {
    values.iter().fold(sqlx::query(statement), |query, value| match *value {
        Value::Integer(value) => query.bind(value),
        Value::Real(value) => query.bind(value),
        Value::Boolean(value) => query.bind(value),
        Value::Text(value) => query.bind(value.map(storable)),
        Value::Time(value) => query.bind(value.map(Timestamp)),
        Value::Integers(values) => query.bind(values),
        Value::Texts(values) => query.bind(values),
    })
}

impl StoredRow for PgRow {
    fn integer(&self, column: &'static str) -> Result<Option<i64>> {
        Ok(self.try_get(column)?)
    }

    fn real(&self, column: &'static str) -> Result<Option<f64>> {
        Ok(self.try_get(column)?)
    }

    fn boolean(&self, column: &'static str) -> Result<Option<bool>> {
        Ok(self.try_get(column)?)
    }

    fn text(&self, column: &'static str) -> Result<Option<String>> {
        Ok(self.try_get(column)?)
    }

    fn time(&self, column: &'static str) -> Result<Option<OffsetDateTime>> {
        Ok(self.try_get::<Option<Timestamp>, _>(column)?.map(|timestamp| timestamp.0))
    }
}

/// A `timestamptz` of milliseconds; the driver's own would bring nanoseconds that come back changed.
struct Timestamp(OffsetDateTime);

/// PostgreSQL counts from 2000-01-01, in microseconds.
const EPOCH: i64 = 946_684_800_000;

/// `timestamptz` in PostgreSQL's catalogue, where it never changes.
const TIMESTAMPTZ: Oid = Oid(1184);

impl Type<Postgres> for Timestamp {
    fn type_info() -> PgTypeInfo {
        PgTypeInfo::with_oid(TIMESTAMPTZ)
    }
}

impl Encode<'_, Postgres> for Timestamp {
    fn encode_by_ref(&self, buffer: &mut PgArgumentBuffer) -> std::result::Result<IsNull, BoxDynError> {
        Encode::<Postgres>::encode((milliseconds(self.0) - EPOCH) * 1000, buffer)
    }
}

impl Decode<'_, Postgres> for Timestamp {
    fn decode(value: PgValueRef<'_>) -> std::result::Result<Self, BoxDynError> {
        let microseconds = <i64 as Decode<Postgres>>::decode(value)?;
        Ok(Self(instant(microseconds.div_euclid(1000).saturating_add(EPOCH))?))
    }
}
