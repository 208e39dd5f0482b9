//! Whether a bot token works: Telegram's `getMe`, asked once, for `check --online`.

use std::time::Duration;

use anyhow::Context;
use serde::Deserialize;

use crate::config::daemon::TelegramConfig;
use crate::config::secret::Secret;

/// Who a token belongs to.
#[derive(Debug, Deserialize)]
pub(super) struct Bot {
    /// Without the `@`.
    pub(super) username: String,
    /// False in privacy mode: then the bot sees only what is addressed to it.
    #[serde(default)]
    pub(super) can_read_all_group_messages: bool,
}

#[derive(Debug, Deserialize)]
struct Answer {
    result: Option<Bot>,
    description: Option<String>,
}

/// Asks Telegram who a token belongs to. No error shows the token or the proxy.
pub(super) async fn get_me(telegram: &TelegramConfig, token: &Secret) -> anyhow::Result<Bot> {
    let mut client = reqwest::Client::builder().timeout(Duration::from_secs(20)).no_proxy();
    if let Some(proxy) = &telegram.proxy {
        let proxy = reqwest::Proxy::all(proxy.expose()).map_err(reqwest::Error::without_url);
        client = client.proxy(proxy.context("telegram.proxy can't be used")?);
    }
    let base = telegram.api_url.as_str().trim_end_matches('/');
    let request = client.build()?.get(format!("{base}/bot{}/getMe", token.expose()));
    let response = request.send().await.map_err(reqwest::Error::without_url).context("Telegram can't be reached")?;
    let status = response.status();
    let answer: Answer = response
        .json()
        .await
        .map_err(reqwest::Error::without_url)
        .with_context(|| format!("what answered ({status}) is no Bot API server"))?;
    let described = answer.description.unwrap_or_else(|| status.to_string());
    answer.result.with_context(|| format!("Telegram refuses the token: {described}"))
}
