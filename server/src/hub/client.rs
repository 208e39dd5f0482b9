//! The hub's HTTP interface, as far as a download needs it.

use std::fmt;
use std::time::Duration;

use reqwest::header::{CONTENT_LENGTH, CONTENT_RANGE, ETAG, HeaderMap, LOCATION, RANGE};
use reqwest::{Method, RequestBuilder, Response, StatusCode, redirect};
use serde::Deserialize;
use url::Url;

use super::error::HubError;
use super::hash::Hash;
use crate::config::secret::Secret;

/// How long the hub may say nothing at all.
const SILENCE: Duration = Duration::from_secs(60);
/// Redirects within the hub that are followed in search of a file's hash.
const HOPS: usize = 5;

/// Whom to ask, and as whom.
#[derive(Clone, Debug)]
pub struct Endpoint {
    /// The hub's address.
    pub url: Url,
    /// What private and gated repositories ask for.
    pub token: Option<Secret>,
}

/// A repository at a revision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Repo {
    name: String,
    revision: String,
}

impl Repo {
    /// Reads `owner/name`, or `name` as the oldest repositories have it.
    ///
    /// # Errors
    /// It is neither.
    pub fn parse(name: &str, revision: &str) -> Result<Self, HubError> {
        let good = |part: &str| {
            let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
            !part.is_empty() && !part.starts_with('.') && part.chars().all(allowed)
        };
        let parts: Vec<&str> = name.split('/').collect();
        if parts.len() > 2 || !parts.iter().all(|part| good(part)) {
            return Err(HubError::NoRepo(name.to_owned()));
        }
        Ok(Self { name: name.to_owned(), revision: revision.to_owned() })
    }

    /// Its name without its owner's.
    pub fn short_name(&self) -> &str {
        self.name.rsplit('/').next().unwrap_or(&self.name)
    }
}

impl fmt::Display for Repo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

/// What a repository holds.
pub(super) struct Listed {
    pub(super) commit: String,
    pub(super) files: Vec<String>,
}

#[derive(Deserialize)]
struct Info {
    sha: String,
    siblings: Vec<Sibling>,
}

#[derive(Deserialize)]
struct Sibling {
    rfilename: String,
}

/// A file from some byte to its end.
pub(super) struct Part {
    pub(super) begins_at: u64,
    response: Response,
}

impl Part {
    /// The next bytes.
    pub(super) async fn next(
        &mut self,
        name: &str,
    ) -> Result<Option<impl std::ops::Deref<Target = [u8]> + use<>>, HubError> {
        self.response.chunk().await.map_err(|error| HubError::Cut { name: name.to_owned(), cause: cause(&error) })
    }
}

/// Asks the hub.
pub(super) struct Client {
    endpoint: Endpoint,
    /// Follows redirects, to where large files lie. A token isn't taken along to another host.
    following: reqwest::Client,
    /// Follows none: the hub's own answer tells the hash.
    staying: reqwest::Client,
}

impl Client {
    pub(super) fn new(endpoint: &Endpoint) -> Result<Self, HubError> {
        let build = |policy| {
            let agent = concat!("maskarad/", env!("CARGO_PKG_VERSION"));
            let builder =
                reqwest::Client::builder().user_agent(agent).read_timeout(SILENCE).connect_timeout(SILENCE / 2);
            builder.redirect(policy).build()
        };
        let failed = |error: reqwest::Error| unreachable(endpoint, &error);
        Ok(Self {
            endpoint: endpoint.clone(),
            following: build(redirect::Policy::limited(10)).map_err(failed)?,
            staying: build(redirect::Policy::none()).map_err(failed)?,
        })
    }

    /// The commit that a revision names, and its files.
    pub(super) async fn list(&self, repo: &Repo) -> Result<Listed, HubError> {
        let url =
            self.url(["api", "models"].into_iter().chain(repo.name.split('/')).chain(["revision", &repo.revision]));
        let what = format!("repository {repo} at revision {}", repo.revision);
        let response = self.send(self.following.get(url), &what).await?;
        let strange = |cause: &str| HubError::Strange { what: what.clone(), cause: cause.to_owned() };
        let info: Info = response.json().await.map_err(|_| strange("it is no list of files"))?;
        if info.sha.is_empty() || !info.sha.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(strange("it names no commit"));
        }
        Ok(Listed { commit: info.sha, files: info.siblings.into_iter().map(|file| file.rfilename).collect() })
    }

    /// Size and hash of a file.
    pub(super) async fn head(&self, repo: &Repo, commit: &str, name: &str) -> Result<(u64, Hash), HubError> {
        let mut url = self.file(repo, commit, name);
        let what = format!("{name} in {repo}");
        for _ in 0..HOPS {
            let response = self.send(self.staying.request(Method::HEAD, url.clone()), &what).await?;
            let headers = response.headers();
            if let Some(within) = self.within(headers, &url) {
                url = within;
                continue;
            }
            let strange = |cause: &str| HubError::Strange { what: what.clone(), cause: cause.to_owned() };
            let etag = text(headers, "x-linked-etag").or_else(|| text(headers, ETAG.as_str())).unwrap_or_default();
            let hash = Hash::of_etag(etag).ok_or_else(|| strange("it tells no hash to check the file by"))?;
            let size = text(headers, "x-linked-size").or_else(|| text(headers, CONTENT_LENGTH.as_str()));
            let size = size.and_then(|size| size.parse().ok()).ok_or_else(|| strange("it tells no size"))?;
            return Ok((size, hash));
        }
        Err(HubError::Strange { what, cause: "it redirects in circles".to_owned() })
    }

    /// A file from this byte on, or all of it where the server can't begin in its middle.
    pub(super) async fn get(&self, repo: &Repo, commit: &str, name: &str, from: u64) -> Result<Part, HubError> {
        let mut request = self.following.get(self.file(repo, commit, name));
        if from > 0 {
            request = request.header(RANGE, format!("bytes={from}-"));
        }
        let response = self.send(request, &format!("{name} in {repo}")).await?;
        let told = text(response.headers(), CONTENT_RANGE.as_str())
            .and_then(|range| range.strip_prefix("bytes ")?.split('-').next()?.parse::<u64>().ok());
        let begins_at = if response.status() == StatusCode::PARTIAL_CONTENT { told.unwrap_or(from) } else { 0 };
        if begins_at != 0 && begins_at != from {
            let cause = "it begins in another place than was asked for".to_owned();
            return Err(HubError::Strange { what: name.to_owned(), cause });
        }
        Ok(Part { begins_at, response })
    }

    /// A slash in a branch's name is no separator, and is written so.
    fn url<'a>(&self, path: impl IntoIterator<Item = &'a str>) -> Url {
        let mut url = self.endpoint.url.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty();
            segments.extend(path);
        }
        url
    }

    fn file(&self, repo: &Repo, commit: &str, name: &str) -> Url {
        self.url(repo.name.split('/').chain(["resolve", commit, name]))
    }

    /// Where a redirect leads that stays with this hub and tells no hash of its own.
    fn within(&self, headers: &HeaderMap, from: &Url) -> Option<Url> {
        let location = text(headers, LOCATION.as_str()).filter(|_| !headers.contains_key("x-linked-etag"))?;
        from.join(location).ok().filter(|url| url.origin() == self.endpoint.url.origin())
    }

    async fn send(&self, mut request: RequestBuilder, what: &str) -> Result<Response, HubError> {
        if let Some(token) = &self.endpoint.token {
            request = request.bearer_auth(token.expose());
        }
        let response = request.send().await.map_err(|error| unreachable(&self.endpoint, &error))?;
        match response.status() {
            status if status.is_success() || status.is_redirection() => Ok(response),
            status @ (StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) => Err(HubError::Forbidden {
                what: what.to_owned(),
                status: status.as_u16(),
                with_token: self.endpoint.token.is_some(),
            }),
            StatusCode::NOT_FOUND => Err(HubError::NotFound(what.to_owned())),
            status => Err(HubError::Strange { what: what.to_owned(), cause: format!("status {status}") }),
        }
    }
}

fn unreachable(endpoint: &Endpoint, error: &reqwest::Error) -> HubError {
    HubError::Unreachable { endpoint: endpoint.url.host_str().unwrap_or_default().to_owned(), cause: cause(error) }
}

/// The deepest cause; the error itself would print an address that may be signed.
fn cause(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    if std::ptr::addr_eq(cause, error) { "the connection broke off".to_owned() } else { cause.to_string() }
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_repositories() {
        assert_eq!(
            Repo::parse("ai-forever/rugpt3small_based_on_gpt2", "main").unwrap().short_name(),
            "rugpt3small_based_on_gpt2"
        );
        assert_eq!(Repo::parse("gpt2", "main").unwrap().short_name(), "gpt2");
        for name in ["", "a/b/c", "../x", "a/..", "a b", "https://huggingface.co/gpt2", "a/"] {
            assert!(Repo::parse(name, "main").is_err(), "{name}");
        }
    }
}
