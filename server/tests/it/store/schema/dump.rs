//! Databases as text, and back.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::database::{Backend, TestDatabase};

/// The folder of the fixtures.
pub(super) fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/schema")
}

/// The numbers of all migrations.
pub(super) fn migrations() -> Vec<u32> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../migrations/postgres");
    let number = |entry: std::io::Result<std::fs::DirEntry>| {
        let name = entry.unwrap().file_name().into_string().unwrap();
        name.split('_').next().unwrap().parse().unwrap()
    };
    let mut numbers: Vec<u32> = std::fs::read_dir(folder).unwrap().map(number).collect();
    numbers.sort_unstable();
    numbers
}

/// The number of the latest.
pub(in crate::store) fn latest_migration() -> u32 {
    *migrations().last().unwrap()
}

/// The fixture of a migration.
pub(super) fn file(version: u32, backend: Backend) -> PathBuf {
    let kind = match backend {
        Backend::Sqlite => "sqlite",
        Backend::Postgres => "postgres",
    };
    folder().join(format!("{version:04}.{kind}.sql"))
}

/// Writes a database as a fixture. One that is there stays: a released schema doesn't change.
pub(super) async fn write(database: &TestDatabase, version: u32) {
    let path = file(version, database.backend());
    assert!(!path.exists(), "{} is there already", path.display());
    let text = match database.backend() {
        Backend::Sqlite => sqlite(database).await,
        Backend::Postgres => postgres(database.url()),
    };
    std::fs::write(path, text).unwrap();
}

async fn sqlite(database: &TestDatabase) -> String {
    let column = async |sql: &str| database.sql(sql).await.into_iter().flatten().collect::<Vec<String>>();
    let own = "sql is not null and name not like 'sqlite_%'";
    let schema = column(&format!("select sql || ';' from sqlite_master where {own} order by rowid")).await;
    let mut lines = vec!["begin;".to_owned()];
    lines.extend(schema);
    let tables = format!("select name from sqlite_master where type = 'table' and ({own} or name = 'sqlite_sequence')");
    for table in column(&tables).await {
        let columns = column(&format!("select name from pragma_table_info('{table}') order by cid")).await;
        let values = columns.iter().map(|name| format!("quote({name})")).collect::<Vec<_>>().join(" || ',' || ");
        let rows =
            format!("select 'insert into {table} ({}) values (' || {values} || ');' from {table}", columns.join(","));
        lines.extend(column(&rows).await);
    }
    lines.push("commit;\n".to_owned());
    lines.join("\n")
}

/// pg_dump's text, without the commands that only psql knows.
fn postgres(url: &str) -> String {
    let arguments = ["--inserts", "--no-owner", "--no-privileges", "--dbname", url];
    let output = Command::new("pg_dump").args(arguments).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    let kept = text.lines().filter(|line| !line.starts_with('\\') && !line.starts_with("--") && !line.is_empty());
    kept.map(|line| format!("{line}\n")).collect()
}
