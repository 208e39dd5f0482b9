//! Which chats there are, and what they are called: noted with the first message, and then only where something is new.

use time::{Duration, OffsetDateTime};

use super::Router;
use crate::chat::Message;
use crate::store::{Effect, KnownChat};

/// How exactly it is known when somebody last wrote in a chat: most messages write nothing more than themselves.
const EXACTLY: Duration = Duration::MINUTE;

impl Router {
    /// What is to be noted of the chat of a message, if anything.
    pub(super) async fn meets(&self, message: &Message, at: OffsetDateTime) -> Option<Effect> {
        let (kind, title) = (message.chat_kind, message.chat_title.clone());
        self.news(KnownChat { key: self.key_of(message), kind, title, last_at: at }).await
    }

    /// What is to be noted of a chat, if anything.
    pub(super) async fn news(&self, chat: KnownChat) -> Option<Effect> {
        let known = self.met.get(&chat.key).await;
        known.is_none_or(|known| is_news(&known, &chat)).then_some(Effect::Meet(chat))
    }
}

/// Whether a chat is to be noted anew.
fn is_news(known: &KnownChat, now: &KnownChat) -> bool {
    (known.kind, &known.title) != (now.kind, &now.title) || now.last_at - known.last_at >= EXACTLY
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::{ChatKey, ChatKind, PersonaName, TransportKind};
    use crate::testing::{GROUP, NOW};

    #[test]
    fn only_news_are_noted() {
        let persona = PersonaName::parse("avtobus").unwrap();
        let key = ChatKey { persona, transport: TransportKind::Telegram, chat: GROUP };
        let known = KnownChat { key, kind: ChatKind::Group, title: "Друзья".to_owned(), last_at: NOW };
        let at = |seconds| KnownChat { last_at: NOW + Duration::seconds(seconds), ..known.clone() };
        assert!(!is_news(&known, &known) && !is_news(&known, &at(59)) && is_news(&known, &at(60)));
        assert!(!is_news(&known, &at(-100)), "an older update tells nothing new");
        assert!(is_news(&known, &KnownChat { title: "Враги".to_owned(), ..known.clone() }));
    }
}
