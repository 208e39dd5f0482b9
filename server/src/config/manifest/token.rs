//! Where a persona's bot token comes from, and what it must look like. Nothing here prints one.

use serde_saphyr::{Location, Spanned};

use super::raw;
use crate::config::environment::{self, Environment};
use crate::config::problem::Report;
use crate::config::secret::Secret;
use crate::config::texts::Rule;

/// The name of an environment variable.
#[derive(Clone, Debug)]
pub(super) struct VariableName;

/// The name of a credential: a file in the folder of credentials, and nowhere else.
#[derive(Clone, Debug)]
pub(super) struct CredentialName;

/// Looks the token up. `None` where the manifest names none, or an optional one that isn't there.
pub(super) fn token(
    token: Option<Spanned<raw::Token>>,
    environment: Environment<'_>,
    report: &mut Report<'_>,
) -> Option<Secret> {
    let Spanned { value: token, referenced: location, .. } = token?;
    let text = match (&token.env, &token.credential, &token.file) {
        (Some(name), None, None) => of_variable(&name.0, token.optional, environment, (location, report)),
        (None, Some(name), None) => of_credential(&name.0, token.optional, environment, (location, report)),
        (None, None, Some(path)) => of_file(path, token.optional, (location, report)),
        _ => {
            report.note("token", location, "expected one of { env: NAME }, { credential: name } and { file: path }");
            None
        }
    }?;
    if !looks_like_token(&text) {
        report.note(
            "token",
            location,
            "the value found there is no bot token; expected 123456789:AA… as @BotFather gives it",
        );
        return None;
    }
    Some(Secret::new(text))
}

/// The id of the bot that a token belongs to.
pub(super) fn bot_id(token: &Secret) -> &str {
    token.expose().split(':').next().unwrap_or_default()
}

fn of_variable(
    name: &str,
    optional: bool,
    environment: Environment<'_>,
    (location, report): (Location, &mut Report<'_>),
) -> Option<String> {
    if let Err(problem) = VariableName::check(name) {
        report.note("token.env", location, problem);
        return None;
    }
    let value = environment.get(name);
    if value.is_none() && !optional {
        let mend = format!("the variable {name} is not set; set it, or add `optional: true` to do without Telegram");
        report.note("token.env", location, mend);
    }
    value
}

fn of_credential(
    name: &str,
    optional: bool,
    environment: Environment<'_>,
    (location, report): (Location, &mut Report<'_>),
) -> Option<String> {
    if let Err(problem) = CredentialName::check(name) {
        report.note("token.credential", location, problem);
        return None;
    }
    match environment.credential(name) {
        Ok(text) => Some(text),
        Err(error) if optional && error.is_absence() => None,
        Err(error) => {
            report.note("token.credential", location, format!("`{name}` can't be read: {error}"));
            None
        }
    }
}

/// A file that the daemon reads itself, relative to the manifest: it is there at a reload, when systemd brings no new
/// credentials.
fn of_file(path: &str, optional: bool, (location, report): (Location, &mut Report<'_>)) -> Option<String> {
    let path = report.folder().join(path);
    match environment::secret_file(&path) {
        Ok(text) => Some(text),
        Err(error) if optional && error.is_absence() => None,
        Err(error) => {
            report.note("token.file", location, format!("can't be read: {error}"));
            None
        }
    }
}

impl Rule for VariableName {
    fn expected() -> String {
        "the name of an environment variable, such as AVTOBUS_TOKEN".to_owned()
    }

    fn pattern() -> String {
        "^[A-Za-z_][A-Za-z0-9_]{0,63}$".to_owned()
    }

    /// What stands there may be the token itself, so it isn't repeated.
    fn check(name: &str) -> Result<(), String> {
        let allowed = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let fits = (1..=64).contains(&name.len()) && name.chars().all(allowed);
        let begins = !name.starts_with(|c: char| c.is_ascii_digit());
        if fits && begins { Ok(()) } else { Err(format!("expected {}", Self::expected())) }
    }
}

impl Rule for CredentialName {
    fn expected() -> String {
        "the name of a file in $CREDENTIALS_DIRECTORY".to_owned()
    }

    fn pattern() -> String {
        "^[A-Za-z0-9_-][A-Za-z0-9_.-]{0,63}$".to_owned()
    }

    fn check(name: &str) -> Result<(), String> {
        let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        let fits = (1..=64).contains(&name.len()) && name.chars().all(allowed);
        if fits && !name.starts_with('.') { Ok(()) } else { Err(format!("expected {}", Self::expected())) }
    }
}

/// `123456789:` and thirty or more characters of base64's URL alphabet.
fn looks_like_token(text: &str) -> bool {
    let Some((id, key)) = text.split_once(':') else { return false };
    let digits = !id.is_empty() && id.len() <= 20 && id.bytes().all(|byte| byte.is_ascii_digit());
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    digits && key.len() >= 30 && key.len() <= 100 && key.bytes().all(allowed)
}
