//! Where the state lies: a PostgreSQL database or a SQLite file. Owns the parsing; prints no password.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use sqlx::postgres::PgConnectOptions;

use super::error::{Result, StoreError};

/// Where the state lies.
#[derive(Clone)]
pub enum Location {
    /// A PostgreSQL database.
    Postgres(Box<PgConnectOptions>),
    /// A SQLite file; it and its folders are made where they are missing.
    Sqlite(PathBuf),
}

impl Location {
    /// Reads `postgres://…` (or `postgresql://…`), `sqlite:path` or a plain path.
    pub fn parse(text: &str) -> Result<Self> {
        if let Some((scheme, rest)) = text.split_once(':').filter(|(scheme, _)| is_scheme(scheme)) {
            return match scheme {
                "postgres" | "postgresql" => Self::postgres(text),
                "sqlite" => Self::file(rest.strip_prefix("//").unwrap_or(rest)),
                other => Err(StoreError::Location(format!(
                    "{other}: is no database we know; give postgres://… or the path of a SQLite file"
                ))),
            };
        }
        Self::file(text)
    }

    fn postgres(url: &str) -> Result<Self> {
        // The parser's messages name what is wrong and quote nothing of the URL but option names.
        let options = PgConnectOptions::from_str(url)
            .map_err(|error| StoreError::Location(format!("the PostgreSQL URL can't be read: {error}")))?;
        Ok(Self::Postgres(Box::new(options.application_name("maskarad"))))
    }

    fn file(path: &str) -> Result<Self> {
        if path.is_empty() || path == ":memory:" {
            return Err(StoreError::Location("the state needs a file; give its path".to_owned()));
        }
        Ok(Self::Sqlite(Path::new(path).to_owned()))
    }
}

/// A path may hold a colon as well; a scheme is a short lower-case word.
fn is_scheme(text: &str) -> bool {
    (2..=12).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_lowercase())
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Postgres(options) => {
                let database = options.get_database().unwrap_or("(default)");
                write!(f, "PostgreSQL database {database} at {}:{}", options.get_host(), options.get_port())
            }
            Self::Sqlite(path) => write!(f, "SQLite file {}", path.display()),
        }
    }
}

impl fmt::Debug for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        match Location::parse(text) {
            Ok(location) => format!("{location:?}"),
            Err(error) => format!("{error} / {error:?}"),
        }
    }

    #[test]
    fn urls_and_paths_are_told_apart() {
        assert_eq!(shown("postgres://me:hush@db.example:6543/state"), "PostgreSQL database state at db.example:6543");
        assert_eq!(shown("postgresql://db/state"), "PostgreSQL database state at db:5432");
        assert_eq!(shown("state/maskarad.db"), "SQLite file state/maskarad.db");
        assert_eq!(shown("sqlite:///var/lib/m.db"), "SQLite file /var/lib/m.db");
        assert_eq!(shown("sqlite:m.db"), "SQLite file m.db");
        assert_eq!(shown("/srv/a:b/state.db"), "SQLite file /srv/a:b/state.db");
    }

    #[test]
    fn what_is_neither_is_refused() {
        for text in ["", ":memory:", "sqlite::memory:", "mysql://me:hush@db/x"] {
            assert!(Location::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn passwords_are_never_printed() {
        for url in [
            "postgres://me:hush@db/x",
            "postgres://me:hush@db:port/x",
            "postgres://me:hush@/x?sslmode=hush2",
            "mysql://me:hush@db/x",
        ] {
            assert!(!shown(url).contains("me:") && !shown(url).contains("hush@"), "{}", shown(url));
        }
    }
}
