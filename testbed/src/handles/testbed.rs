//! The emulator itself: starting, registering, switching, scripting faults.

use std::{io, net::SocketAddr, sync::Arc};

use tokio::net::TcpListener;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::{Bot, Group, User};
use crate::{
    fault::FaultSpec,
    http,
    ids::ChatKey,
    shared::Shared,
    spec::{BotMessages, BotSpec, Limits, Numbering, PrivacyMentions, UserSpec},
    world::{chat::ChatKind, people::TokenAccess},
};

/// A running emulator. It stops when the last clone is dropped.
#[derive(Clone, Debug)]
pub struct Testbed {
    pub(super) shared: Arc<Shared>,
    address: SocketAddr,
    _stop: Arc<DropGuard>,
}

impl Testbed {
    /// Starts on a free port of 127.0.0.1.
    ///
    /// # Errors
    /// When no port can be opened.
    pub async fn start() -> io::Result<Self> {
        Self::start_at(([127, 0, 0, 1], 0).into()).await
    }

    /// Starts at a given address.
    ///
    /// # Errors
    /// When it is taken.
    pub async fn start_at(address: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared::new());
        let guard = CancellationToken::drop_guard(shared.stop.clone());
        tokio::spawn(http::serve(listener, Arc::clone(&shared)));
        Ok(Self { shared, address, _stop: Arc::new(guard) })
    }

    /// What to give a bot library as the API's address: `http://127.0.0.1:port`, no slash at the end.
    #[must_use]
    pub fn api_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Registers a bot.
    #[must_use]
    pub fn add_bot(&self, spec: BotSpec) -> Bot {
        let id = self.shared.change(|world| world.add_bot(spec));
        Bot::new(&self.shared, id)
    }

    /// Registers a person.
    #[must_use]
    pub fn add_user(&self, spec: UserSpec) -> User {
        let id = self.shared.change(|world| world.add_person(spec));
        User::new(&self.shared, id)
    }

    /// Makes a basic group. Its creator is somebody who never writes.
    #[must_use]
    pub fn add_group(&self, title: &str) -> Group {
        self.add_chat(ChatKind::Group, title)
    }

    /// Makes a supergroup.
    #[must_use]
    pub fn add_supergroup(&self, title: &str) -> Group {
        self.add_chat(ChatKind::Supergroup, title)
    }

    /// Makes a supergroup with topics; [`Group::add_topic`] opens them.
    #[must_use]
    pub fn add_forum(&self, title: &str) -> Group {
        self.add_chat(ChatKind::Forum, title)
    }

    /// Makes a channel.
    #[must_use]
    pub fn add_channel(&self, title: &str) -> Group {
        self.add_chat(ChatKind::Channel, title)
    }

    fn add_chat(&self, kind: ChatKind, title: &str) -> Group {
        let id = self.shared.change(|world| world.add_chat(kind, title));
        let group = Group::new(&self.shared, id);
        if kind == ChatKind::Forum {
            // Message 1 of a forum is its General topic, so that no other topic is ever number 1.
            self.shared.change(|world| world.chat_mut(ChatKey::Shared(id)).next_message_id());
        }
        group
    }

    /// Turns a basic group into a supergroup with a new id. The old id refuses sends from now on.
    pub fn migrate(&self, group: &Group) -> Group {
        let id = self.shared.change(|world| world.migrate(group.id()));
        Group::new(&self.shared, id)
    }

    /// Makes a token worthless: 401 from now on.
    pub fn revoke(&self, bot: &Bot) {
        self.shared.change(|world| world.bot_mut(bot.id()).access = TokenAccess::Revoked);
    }

    /// Whether bots see each other's messages.
    pub fn set_bot_messages(&self, setting: BotMessages) {
        self.shared.change(|world| world.bot_messages = setting);
    }

    /// Whether a mention gets through privacy mode.
    pub fn set_privacy_mentions(&self, setting: PrivacyMentions) {
        self.shared.change(|world| world.privacy_mentions = setting);
    }

    /// Whether sending too fast is refused.
    pub fn set_limits(&self, limits: Limits) {
        self.shared.change(|world| world.pace.limits = limits);
    }

    /// How messages are numbered in the chats to come.
    pub fn set_numbering(&self, setting: Numbering) {
        self.shared.change(|world| world.numbering = setting);
    }

    /// Sets how many seconds the emulator's clock, and so the date of messages, is ahead of the system's.
    pub fn shift_clock(&self, seconds: i64) {
        self.shared.change(|world| world.clock_shift = seconds);
    }

    /// Scripts a fault. Several may be active; the oldest that matches a call befalls it.
    pub fn fault(&self, spec: FaultSpec) -> FaultHandle {
        let id = self.shared.change(|world| world.faults.add(spec));
        FaultHandle { shared: Arc::clone(&self.shared), id }
    }

    /// Ends all faults.
    pub fn clear_faults(&self) {
        self.shared.change(|world| world.faults.clear_all());
    }
}

/// A scripted fault. Dropping the handle changes nothing.
#[derive(Clone, Debug)]
pub struct FaultHandle {
    shared: Arc<Shared>,
    id: u64,
}

impl FaultHandle {
    /// How many calls it has befallen.
    #[must_use]
    pub fn fired(&self) -> u32 {
        self.shared.look(|world| world.faults.fired(self.id))
    }

    /// Ends it.
    pub fn clear(&self) {
        self.shared.change(|world| world.faults.clear(self.id));
    }
}
