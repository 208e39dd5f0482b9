//! Why a checkpoint could not be fetched. Never holds the token.

use std::path::{Path, PathBuf};

/// Why a checkpoint could not be fetched.
#[derive(Debug, thiserror::Error)]
pub enum HubError {
    /// The name is none of a repository's.
    #[error("{0:?} is no name of a repository; expected owner/name, such as ai-forever/rugpt3small_based_on_gpt2")]
    NoRepo(String),
    /// The destination has no name of its own.
    #[error("{} can't be the destination; name a folder to be made", .0.display())]
    NoFolder(PathBuf),
    /// The destination is there already.
    #[error("{} is there already; remove it, or name another folder with --to", .0.display())]
    InTheWay(PathBuf),
    /// Nobody answers.
    #[error("the hub at {endpoint} can't be reached: {cause}; see that this machine is online, or set --endpoint")]
    Unreachable {
        /// Whom we asked.
        endpoint: String,
        /// Why.
        cause: String,
    },
    /// 401 or 403.
    #[error(
        "{what} isn't to be had (status {status}): it doesn't exist, or is private or gated; {}",
        if *.with_token { "HF_TOKEN is set, so accept its terms on the hub, or use a token that may read it" }
        else { "set HF_TOKEN to a token that may read it" }
    )]
    Forbidden {
        /// What was asked for.
        what: String,
        /// The HTTP status.
        status: u16,
        /// Whether we showed a token.
        with_token: bool,
    },
    /// 404.
    #[error("the hub has no {0}; see that name and --revision are right")]
    NotFound(String),
    /// Another status, or an answer that isn't the hub's.
    #[error("the hub's answer for {what} can't be used: {cause}; try again later, or see that --endpoint is a hub")]
    Strange {
        /// What was asked for.
        what: String,
        /// What is wrong with it.
        cause: String,
    },
    /// The repository holds something else.
    #[error("{repo} holds no checkpoint that can be used: {what}")]
    NoCheckpoint {
        /// Which.
        repo: String,
        /// What is missing.
        what: &'static str,
    },
    /// The connection was cut again and again.
    #[error("{name} broke off: {cause}; ask again, and it goes on from there")]
    Cut {
        /// Which file.
        name: String,
        /// Why.
        cause: String,
    },
    /// What came isn't what the hub announced.
    #[error("{name} came damaged (its hash is {found}, the hub announced {expected}) and was thrown away; ask again")]
    WrongHash {
        /// Which file.
        name: String,
        /// What was announced.
        expected: String,
        /// What came.
        found: String,
    },
    /// A file here.
    #[error("{}: {source}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
}

impl HubError {
    /// Names the file that the system complains of.
    pub(super) fn file(path: &Path) -> impl FnOnce(std::io::Error) -> Self + use<> {
        let path = path.to_owned();
        move |source| Self::File { path, source }
    }
}
