//! Brings a persona's bot up: who it is, what its menu says, whether it can see its groups.

use teloxide::payloads::SetMyCommandsSetters;
use teloxide::requests::Requester;
use teloxide::types::{BotCommand, BotCommandScope};

use super::client::TelegramClient;
use super::error::translate;
use crate::chat::{Language, Me, UserId};
use crate::command::{MenuScope, menu};
use crate::config::persona::WhoMayToggle;
use crate::config::secret::Secret;
use crate::transport::TransportError;

/// The HTTP client that all bots share.
///
/// # Errors
/// When the proxy's address can't be used. The message doesn't hold it: it may carry a password.
pub fn http_client(proxy: Option<&Secret>) -> anyhow::Result<reqwest::Client> {
    let mut builder = reqwest::Client::builder()
        .connect_timeout(std::time::Duration::from_secs(10))
        .timeout(std::time::Duration::from_secs(30))
        .tcp_nodelay(true)
        // Proxies of the environment are not ours: telegram.proxy says what is used.
        .no_proxy();
    if let Some(proxy) = proxy {
        let proxy = reqwest::Proxy::all(proxy.expose())
            .map_err(|_| anyhow::anyhow!("telegram.proxy is not an address like socks5://user:password@host:port"))?;
        builder = builder.proxy(proxy);
    }
    builder.build().map_err(|error| anyhow::anyhow!("the HTTP client can't be built: {}", error.without_url()))
}

/// Asks who the bot is.
///
/// # Errors
/// [`TransportError::Unauthorized`] for a bad token; anything else may pass.
pub async fn introduce(client: &TelegramClient) -> Result<Me, TransportError> {
    let me = client.bot().get_me().await.map_err(translate)?;
    let id = i64::try_from(me.id.0).map_err(|_| TransportError::Rejected("the bot's id is out of range".to_owned()))?;
    let username = me.user.username.ok_or_else(|| TransportError::Rejected("the bot has no username".to_owned()))?;
    Ok(Me { id: UserId(id), username, can_read_all_group_messages: me.can_read_all_group_messages })
}

/// Registers the menu of commands, in Russian for all and in English for those whose client speaks it.
///
/// # Errors
/// As the Bot API says; the menu is a comfort, so a caller may go on without.
pub async fn register_menu(client: &TelegramClient, who_may_toggle: WhoMayToggle) -> Result<(), TransportError> {
    for scope in [MenuScope::Private, MenuScope::Groups, MenuScope::Administrators] {
        for (language, code) in [(Language::Ru, None), (Language::En, Some("en"))] {
            let commands = menu(scope, who_may_toggle, language);
            let commands = commands.into_iter().map(|(name, text)| BotCommand::new(name, text));
            let mut request = client.bot().set_my_commands(commands.collect::<Vec<_>>()).scope(api_scope(scope));
            if let Some(code) = code {
                request = request.language_code(code);
            }
            request.await.map_err(translate)?;
        }
    }
    Ok(())
}

fn api_scope(scope: MenuScope) -> BotCommandScope {
    match scope {
        MenuScope::Private => BotCommandScope::AllPrivateChats,
        MenuScope::Groups => BotCommandScope::AllGroupChats,
        MenuScope::Administrators => BotCommandScope::AllChatAdministrators,
    }
}
