//! The rooms of the daemon's own page: a transport like Telegram, but for its log, which is in our store.
//!
//! What is said in a room goes into the inboxes of the personas that sit there and from then on the way of every message; what a
//! persona answers comes back by [`Transport::send`](crate::transport::Transport::send). A persona hears the others and never
//! answers them.

mod hub;
mod ids;
mod transport;
mod update;

use std::sync::Arc;

use time::OffsetDateTime;

pub use self::hub::{Heard, News};
pub use self::ids::{bot_id, me, user_id};
pub use self::transport::WebTransport;

use self::hub::Hub;
use crate::chat::{ChatId, PersonaName, Seat, TransportKind};
use crate::live::Roster;
use crate::store::{self, RoomMessage, Said, Store};

/// The rooms there are.
#[derive(Clone)]
pub struct Rooms {
    store: Arc<dyn Store>,
    roster: Roster,
    hub: Hub,
}

impl Rooms {
    /// The rooms of this store, whose personas are up in this roster.
    pub fn new(store: Arc<dyn Store>, roster: Roster) -> Self {
        Self { store, roster, hub: Hub::default() }
    }

    /// Says something in a room, in this language of the page where a person does. `None`, and nothing changed, where there is no
    /// such room, or where the persona that speaks doesn't sit there.
    ///
    /// # Errors
    /// As the store says.
    pub async fn say(
        &self,
        said: &Said,
        language: Option<&str>,
        now: OffsetDateTime,
    ) -> store::Result<Option<RoomMessage>> {
        let language = language.map(str::to_owned);
        let announce = move |room: &_, message: &_, answered: Option<&_>| {
            update::announce(room, message, answered, language.as_deref())
        };
        let message = self.store.say(said, &announce, now).await?;
        if message.is_some() {
            self.hub.tell(said.room, News::Said);
            self.wake();
        }
        Ok(message)
    }

    /// Whoever sits in a room has changed, or what is set there.
    pub fn changed(&self, room: ChatId) {
        self.hub.tell(room, News::Changed);
    }

    /// News of a room from now on, of this daemon's.
    pub fn listen(&self, room: ChatId) -> Heard {
        self.hub.listen(room)
    }

    fn typing(&self, room: ChatId, persona: &PersonaName) {
        self.hub.tell(room, News::Typing(persona.clone()));
    }

    /// Wakes the personas that are up here, so that they look into their inboxes.
    fn wake(&self) {
        for Seat { persona, transport } in self.roster.keys() {
            if transport == TransportKind::Web
                && let Some(live) = self.roster.get(&Seat { persona, transport })
            {
                live.inbox.notify_one();
            }
        }
    }
}
