//! Weights from a daemon, over HTTP: into a folder of their own, and only under their own hash once it is right.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;
use tokio::io::AsyncWriteExt;
use url::Url;

use crate::config::secret::Secret;

/// How long a connection may take, and how long it may be silent.
const PATIENCE: Duration = Duration::from_secs(20);

/// Where weights are fetched.
#[derive(Clone, Debug)]
pub struct Source {
    /// The daemon's `http.api_listen`, as it is reached from here.
    pub daemon: Url,
    /// A key of `maskarad key create`; none is needed on the daemon's own machine.
    pub key: Option<Secret>,
}

/// Why weights could not be fetched.
#[derive(Debug, thiserror::Error)]
pub(super) enum FetchError {
    #[error("worker.daemon can't be asked for weights: {0}")]
    Unreachable(String),
    #[error("worker.daemon refuses (HTTP {0}); worker.key must be a key that `maskarad key create` made there")]
    Key(u16),
    #[error("worker.daemon has no such weights any more")]
    Absent,
    #[error("worker.daemon answers HTTP {0} when it is asked for weights; it must be a daemon's http.api_listen")]
    Answer(u16),
    #[error("worker.daemon offers a file of the name `{0}`, which is no plain name")]
    Name(String),
    #[error("{}: {source}", path.display())]
    Disk { path: PathBuf, source: std::io::Error },
}

/// The files of some weights.
#[derive(Deserialize)]
struct Listing {
    files: Vec<Listed>,
}

#[derive(Deserialize)]
struct Listed {
    name: String,
    bytes: u64,
}

impl Source {
    /// Fetches the weights with this hash into `folder`, which must not be there yet. What is in it is not checked: whoever
    /// calls hashes it.
    pub(super) async fn fetch(&self, content: &str, folder: &Path) -> Result<(), FetchError> {
        let client = client()?;
        let listing: Listing = self.ask(&client, content).await?.json().await.map_err(unreachable)?;
        create(folder).await?;
        for file in &listing.files {
            if !is_plain(&file.name) {
                return Err(FetchError::Name(file.name.clone()));
            }
            self.fetch_file(&client, content, file, &folder.join(&file.name)).await?;
        }
        Ok(())
    }

    /// Whether weights could be fetched. Asks for some that nobody has: that is answered in the API's own words.
    ///
    /// # Errors
    /// What is in the way.
    pub async fn probe(&self) -> Result<(), String> {
        let client = client().map_err(|error| error.to_string())?;
        match self.ask(&client, &"0".repeat(64)).await {
            Err(FetchError::Absent) => Ok(()),
            Err(error) => Err(error.to_string()),
            Ok(_) => Err(FetchError::Answer(200).to_string()),
        }
    }

    async fn ask(&self, client: &reqwest::Client, path: &str) -> Result<reqwest::Response, FetchError> {
        let base = self.daemon.as_str().trim_end_matches('/');
        let mut request = client.get(format!("{base}/v1/weights/{path}"));
        if let Some(key) = &self.key {
            request = request.bearer_auth(key.expose());
        }
        let answer = request.send().await.map_err(unreachable)?;
        match answer.status().as_u16() {
            200 => Ok(answer),
            status @ (401 | 403) => Err(FetchError::Key(status)),
            404 => Err(if is_api(answer).await { FetchError::Absent } else { FetchError::Answer(404) }),
            status => Err(FetchError::Answer(status)),
        }
    }

    async fn fetch_file(
        &self,
        client: &reqwest::Client,
        content: &str,
        listed: &Listed,
        path: &Path,
    ) -> Result<(), FetchError> {
        let disk = |source| FetchError::Disk { path: path.to_owned(), source };
        let mut body = self.ask(client, &format!("{content}/{}", listed.name)).await?;
        let mut file = tokio::fs::File::create(path).await.map_err(disk)?;
        let mut bytes = 0;
        while let Some(piece) = body.chunk().await.map_err(unreachable)? {
            bytes += piece.len() as u64;
            if bytes > listed.bytes {
                break;
            }
            file.write_all(&piece).await.map_err(disk)?;
        }
        file.sync_all().await.map_err(disk)?;
        if bytes == listed.bytes { Ok(()) } else { Err(FetchError::Unreachable(format!("{} is cut off", listed.name))) }
    }
}

fn client() -> Result<reqwest::Client, FetchError> {
    reqwest::Client::builder().connect_timeout(PATIENCE).read_timeout(PATIENCE).build().map_err(unreachable)
}

/// Whether this error is told as the API tells its own.
async fn is_api(answer: reqwest::Response) -> bool {
    let said: Option<serde_json::Value> = answer.json().await.ok();
    said.is_some_and(|said| said["error"]["message"].is_string())
}

async fn create(folder: &Path) -> Result<(), FetchError> {
    let disk = |source| FetchError::Disk { path: folder.to_owned(), source };
    tokio::fs::create_dir_all(folder).await.map_err(disk)
}

/// The URL isn't shown.
fn unreachable(error: reqwest::Error) -> FetchError {
    let error = error.without_url();
    let mut text = error.to_string();
    let mut source = std::error::Error::source(&error);
    while let Some(error) = source {
        text = error.to_string();
        source = error.source();
    }
    FetchError::Unreachable(text)
}

/// Nothing that leads out of a folder.
fn is_plain(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    !name.is_empty() && !name.starts_with('.') && name.len() < 200 && name.chars().all(plain)
}

#[cfg(test)]
mod tests {
    use super::is_plain;

    #[test]
    fn only_plain_names_are_written() {
        assert!(is_plain("model.safetensors") && is_plain("pytorch_model-00001-of-00002.bin"));
        for name in ["", ".", "..", "../x", "a/b", "a\\b", ".hidden", "a b", "ё"] {
            assert!(!is_plain(name), "{name}");
        }
    }
}
