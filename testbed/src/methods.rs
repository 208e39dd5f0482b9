//! The methods of the Bot API that the emulator knows, and who carries each out.
//! Knows nothing of HTTP: parameters in, a result or a refusal out.

mod me;

mod updates;

mod access;

mod send;

mod chats;

mod commands;

mod webhooks;

use std::sync::Arc;

use serde_json::Value;

use crate::{error::ApiError, ids::UserId, params::Params, shared::Shared, world::World};

/// What a method gives back.
pub(crate) type Answer = Result<Value, ApiError>;

macro_rules! methods {
    ($($variant:ident $name:literal),+ $(,)?) => {
        /// A method by its documented name.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Method { $($variant),+ }

        impl Method {
            /// Names are case-insensitive.
            pub(crate) fn parse(name: &str) -> Option<Self> {
                [$(($name, Self::$variant)),+]
                    .into_iter()
                    .find_map(|(known, method)| known.eq_ignore_ascii_case(name).then_some(method))
            }

            pub(crate) fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),+ }
            }
        }
    };
}

methods! {
    GetMe "getMe",
    LogOut "logOut",
    Close "close",
    GetUpdates "getUpdates",
    SetWebhook "setWebhook",
    DeleteWebhook "deleteWebhook",
    GetWebhookInfo "getWebhookInfo",
    SendMessage "sendMessage",
    EditMessageText "editMessageText",
    DeleteMessage "deleteMessage",
    SendChatAction "sendChatAction",
    GetChat "getChat",
    GetChatMember "getChatMember",
    GetChatMemberCount "getChatMemberCount",
    GetChatAdministrators "getChatAdministrators",
    LeaveChat "leaveChat",
    SetMyCommands "setMyCommands",
    GetMyCommands "getMyCommands",
    DeleteMyCommands "deleteMyCommands",
}

/// Carries out a call.
pub(crate) async fn call(shared: &Arc<Shared>, bot: UserId, method: Method, params: &Params) -> Answer {
    match method {
        Method::GetUpdates => updates::get_updates(shared, bot, params).await,
        Method::SetWebhook => webhooks::set_webhook(shared, bot, params),
        _ => shared.change(|world| immediate(world, bot, method, params)),
    }
}

fn immediate(world: &mut World, bot: UserId, method: Method, params: &Params) -> Answer {
    match method {
        Method::GetMe => Ok(me::get_me(world, bot)),
        // The emulator is both servers at once, so there is nothing to leave.
        Method::LogOut | Method::Close => Ok(Value::Bool(true)),
        Method::GetUpdates | Method::SetWebhook => Err(ApiError::MethodNotFound),
        Method::DeleteWebhook => Ok(webhooks::delete_webhook(world, bot, params)),
        Method::GetWebhookInfo => Ok(webhooks::get_webhook_info(world, bot)),
        Method::SendMessage => send::send_message(world, bot, params),
        Method::EditMessageText => send::edit_message_text(world, bot, params),
        Method::DeleteMessage => send::delete_message(world, bot, params),
        Method::SendChatAction => send::send_chat_action(world, bot, params),
        Method::GetChat => chats::get_chat(world, bot, params),
        Method::GetChatMember => chats::get_chat_member(world, bot, params),
        Method::GetChatMemberCount => chats::get_chat_member_count(world, bot, params),
        Method::GetChatAdministrators => chats::get_chat_administrators(world, bot, params),
        Method::LeaveChat => chats::leave_chat(world, bot, params),
        Method::SetMyCommands => commands::set_my_commands(world, bot, params),
        Method::GetMyCommands => commands::get_my_commands(world, bot, params),
        Method::DeleteMyCommands => commands::delete_my_commands(world, bot, params),
    }
}
