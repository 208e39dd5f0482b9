//! The process environment and the folder of credentials, behind a lookup that tests replace. The only reader of either.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// Environment variables, by a lookup.
#[derive(Clone, Copy)]
pub struct Environment<'a> {
    lookup: &'a dyn Fn(&str) -> Option<String>,
}

/// Why a credential could not be read.
#[derive(Debug, thiserror::Error)]
pub enum CredentialError {
    /// The process was given no credentials.
    #[error("$CREDENTIALS_DIRECTORY is not set: systemd sets it where the unit has LoadCredential=")]
    NoFolder,
    /// There is no such file, or it can't be read.
    #[error("{}: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// Whoever has an account on the machine can read it.
    #[error("{} is readable by everybody; `chmod o= {}` first", path.display(), path.display())]
    Open {
        /// The file.
        path: PathBuf,
    },
}

impl CredentialError {
    /// Whether the credential simply isn't there.
    pub fn is_absence(&self) -> bool {
        match self {
            Self::NoFolder => true,
            Self::Unreadable { source, .. } => source.kind() == std::io::ErrorKind::NotFound,
            Self::Open { .. } => false,
        }
    }
}

impl<'a> Environment<'a> {
    /// An environment in which `lookup` finds the variables.
    pub fn new(lookup: &'a dyn Fn(&str) -> Option<String>) -> Self {
        Self { lookup }
    }

    /// The environment of this process.
    pub fn of_process() -> Environment<'static> {
        Environment { lookup: &process_variable }
    }

    /// A variable without the white space around it; empty is as good as unset.
    pub fn get(&self, name: &str) -> Option<String> {
        let value = (self.lookup)(name)?;
        let value = value.trim();
        (!value.is_empty()).then(|| value.to_owned())
    }

    /// A folder that systemd may have made for the service; of several, the first.
    pub fn folder(&self, name: &str) -> Option<PathBuf> {
        let value = self.get(name)?;
        value.split(':').next().filter(|folder| !folder.is_empty()).map(PathBuf::from)
    }

    /// The content of a file in `$CREDENTIALS_DIRECTORY`, without the white space around it.
    ///
    /// # Errors
    /// No such folder or file, or one that can't be read.
    pub fn credential(&self, name: &str) -> Result<String, CredentialError> {
        let folder = self.get("CREDENTIALS_DIRECTORY").ok_or(CredentialError::NoFolder)?;
        let path = Path::new(&folder).join(name);
        match std::fs::read_to_string(&path) {
            Ok(text) => Ok(text.trim().to_owned()),
            Err(source) => Err(CredentialError::Unreadable { path, source }),
        }
    }
}

/// The content of a file with a secret, without the white space around it.
///
/// # Errors
/// No such file, one that can't be read, or one that everybody can.
pub(crate) fn secret_file(path: &Path) -> Result<String, CredentialError> {
    let unreadable = |source| CredentialError::Unreadable { path: path.to_owned(), source };
    let mode = std::fs::metadata(path).map_err(unreadable)?.permissions().mode();
    if mode & 0o007 != 0 {
        return Err(CredentialError::Open { path: path.to_owned() });
    }
    Ok(std::fs::read_to_string(path).map_err(unreadable)?.trim().to_owned())
}

#[expect(clippy::disallowed_methods, reason = "this module is the one that reads the environment")]
fn process_variable(name: &str) -> Option<String> {
    std::env::var_os(name).map(|value| value.to_string_lossy().into_owned())
}
