//! What the console and the keys of the API leave behind.

use maskarad::chat::{ChatId, TransportKind, UserId};
use maskarad::store::{ApiKey, AuditAction, KeyHash, LoginLink, NewAuditEntry, Said, SigningSecret, Store};

use super::super::super::fixtures::{NOW, after, persona};
use super::super::people::GROUP;

/// A key that logs in to the console, and one that is good no more.
pub(super) async fn keys(store: &dyn Store) {
    for (name, secret) in [("phone", "mk_a"), ("gone", "mk_b")] {
        let hash = KeyHash::of(secret);
        let key = ApiKey {
            name: name.to_owned(),
            hash,
            per_minute: 60,
            console: name == "phone",
            created_at: NOW,
            revoked: false,
        };
        assert!(store.add_api_key(&key).await.unwrap());
    }
    assert!(store.revoke_api_key("gone", NOW).await.unwrap());
}

/// A room in which a person and a persona have spoken.
pub(super) async fn room(store: &dyn Store) {
    let both = ["avtobus", "polkson"].map(persona);
    let room = store.open_room("Кухня", &both, NOW).await.unwrap();
    let asked = Said {
        room,
        persona: None,
        author_id: UserId(-3_000_000_000_000_000_000),
        author_name: "Аня".to_owned(),
        text: "автобус, ты где?".to_owned(),
        reply_to: None,
        sent_at: NOW,
    };
    let asking = store.say(&asked, &|_, _, _| Vec::new(), NOW).await.unwrap().unwrap();
    let [avtobus, _] = both;
    let answer = Said { persona: Some(avtobus), text: "еду".to_owned(), reply_to: Some(asking.id), ..asked };
    assert!(store.say(&answer, &|_, _, _| Vec::new(), NOW).await.unwrap().is_some());
}

/// A link that was used and one that wasn't, what sessions are signed with, and what somebody did.
pub(super) async fn operators(store: &dyn Store) {
    for secret in ["used", "unused"] {
        let link = LoginLink { hash: KeyHash::of(secret), created_at: NOW, expires_at: after(600) };
        store.add_login_link(&link).await.unwrap();
    }
    assert!(store.use_login_link(&KeyHash::of("used"), NOW).await.unwrap().is_some());
    store.signing_secret(&SigningSecret::new([7; SigningSecret::LENGTH]), NOW).await.unwrap();
    let login = NewAuditEntry {
        at: NOW,
        who: "link#1 127.0.0.1".to_owned(),
        action: AuditAction::Login,
        persona: None,
        chat: None,
        detail: String::new(),
    };
    store.note(&login).await.unwrap();
    let (persona, chat) = (Some(persona("avtobus")), Some((TransportKind::Telegram, ChatId(GROUP))));
    let set = NewAuditEntry { action: AuditAction::ContextLength, persona, chat, detail: "9".to_owned(), ..login };
    store.note(&set).await.unwrap();
}
