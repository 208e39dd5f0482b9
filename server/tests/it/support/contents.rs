//! Everything that a database holds, as text: for stories about what stays and what goes.

use super::database::{Backend, column};

/// Our tables, each with all its columns.
pub(crate) async fn tables(backend: Backend, url: &str) -> Vec<(String, Vec<String>)> {
    let names = match backend {
        Backend::Sqlite => "select name from sqlite_master where type = 'table' order by name",
        Backend::Postgres => "select tablename::text from pg_tables where schemaname = 'public' order by 1",
    };
    let mut tables = Vec::new();
    for table in column(backend, url, names).await.into_iter().flatten().filter(|name| !name.contains("sql")) {
        let columns = match backend {
            Backend::Sqlite => format!("select name from pragma_table_info('{table}') order by cid"),
            Backend::Postgres => format!(
                "select column_name::text from information_schema.columns where table_name = '{table}' order by ordinal_position"
            ),
        };
        tables.push((table, column(backend, url, &columns).await.into_iter().flatten().collect()));
    }
    tables
}

/// Every row as `table(columns): values`.
pub(crate) async fn rows(backend: Backend, url: &str, tables: &[(String, Vec<String>)]) -> Vec<String> {
    let mut rows = Vec::new();
    for (table, columns) in tables {
        let value = |name: &String| format!("coalesce(cast({name} as text), 'null')");
        let values = columns.iter().map(value).collect::<Vec<_>>().join(" || ' | ' || ");
        let sql = format!("select {values} as line from {table} order by line");
        let lines = column(backend, url, &sql).await.into_iter().flatten();
        rows.extend(lines.map(|line| format!("{table}({}): {line}", columns.join(","))));
    }
    rows
}
