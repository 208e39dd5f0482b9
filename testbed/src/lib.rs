//! A faithful emulator of the Telegram Bot API for tests.
//!
//! It owns chats, people, bots and what they say to each other; it serves the Bot API on a local port and breaks
//! on demand. It refuses to know anything about the daemon under test: to it a bot is a token and a privacy mode.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> std::io::Result<()> {
//! use maskarad_testbed::{BotSpec, Testbed, UserSpec};
//!
//! let tg = Testbed::start().await?;
//! let bot = tg.add_bot(BotSpec::new("avtobus_bot").privacy(true));
//! let anna = tg.add_user(UserSpec::new("Анна").username("anna"));
//! let group = tg.add_group("Друзья");
//! group.add_bot(&bot, &anna);
//! anna.writes(&group, "@avtobus_bot, привет");
//! assert_eq!(bot.pending_updates(), 3, "my_chat_member, new_chat_members, the mention");
//! assert!(tg.api_url().starts_with("http://127.0.0.1:"));
//! # Ok(()) }
//! ```
//!
//! Everything but starting and waiting is synchronous. Handles are cheap to clone. The server stops when the last
//! clone of its [`Testbed`] is dropped.
//!
//! Beside the emulator, [`export`] makes chat exports up as Telegram Desktop writes them.
//!
//! Known differences from the real thing: `parse_mode` is not interpreted; the answer to a webhook delivery is not
//! taken as a method call; a webhook may be plain HTTP on any port; updates do not expire after a day; ids of
//! messages count per chat, and a repeated `getUpdates` with the same offset is not slowed down. A person who
//! writes in a group or posts there is a member from then on, without a notice.

pub mod export;

mod ids;

mod spec;

mod entities;

mod error;

mod fault;

mod world;

mod shared;

mod params;

mod methods;

mod webhook;

mod http;

mod handles;

pub use error::WaitTimeout;
pub use fault::{BadRequestKind, Fault, FaultSpec, ForbiddenKind};
pub use handles::{Bot, FaultHandle, Group, MessageBuilder, PrivateChat, Sent, Testbed, User};
pub use ids::{ChatId, MessageId, MessageRef, ThreadId, UserId};
pub use spec::{BotMessages, BotSpec, Limits, Numbering, Privacy, PrivacyMentions, UpdateIds, UserSpec};
pub use world::{
    chat::{ChatKind, MemberStatus},
    log::{Outcome, RequestRecord},
    message::{ChatMessage, Content, Fate, Sender},
    people::{ChatAction, CommandsKey},
};
