//! Who may log in to the console, and what operators did.

use maskarad::chat::{ChatId, TransportKind};
use maskarad::store::{
    AuditAction, AuditEntry, Forget, KeyHash, LoginLink, NewAuditEntry, Retention, SigningSecret, Store, Subject,
};
use maskarad::telegram::update::trace;
use time::Duration;

use super::fixtures::*;
use crate::support::database::{TestDatabase, on_both, open};

on_both!(
    a_link_is_good_once_and_not_for_long,
    of_many_who_use_a_link_at_once_one_is_let_in,
    the_signing_secret_is_everybody_s,
    what_operators_did_is_read_from_the_end,
    a_forgotten_chat_is_named_no_more,
    old_links_and_entries_are_pruned,
);

fn link(secret: &str) -> LoginLink {
    LoginLink { hash: KeyHash::of(secret), created_at: NOW, expires_at: after(600) }
}

fn secret(byte: u8) -> SigningSecret {
    SigningSecret::new([byte; SigningSecret::LENGTH])
}

fn entry(seconds: i64, chat: Option<i64>) -> NewAuditEntry {
    NewAuditEntry {
        at: after(seconds),
        who: "link#1 192.0.2.7".to_owned(),
        action: AuditAction::Insanity,
        persona: chat.map(|_| persona("avtobus")),
        chat: chat.map(|chat| (TransportKind::Telegram, ChatId(chat))),
        detail: "on".to_owned(),
    }
}

async fn chats_of(store: &dyn Store) -> Vec<Option<i64>> {
    let entries = store.audit(None, 100).await.unwrap();
    entries.into_iter().map(|entry| entry.chat.map(|chat| chat.0)).collect()
}

async fn a_link_is_good_once_and_not_for_long(mut database: TestDatabase) {
    let store = database.store();
    let (first, second) =
        (store.add_login_link(&link("a")).await.unwrap(), store.add_login_link(&link("b")).await.unwrap());
    assert!(first < second);
    assert!(store.add_login_link(&link("a")).await.is_err(), "nobody makes the same link twice");
    assert_eq!(store.use_login_link(&KeyHash::of("nonsense"), NOW).await.unwrap(), None);
    assert_eq!(store.use_login_link(&KeyHash::of("b"), after(599)).await.unwrap(), Some(second));
    database.reopen().await;
    let store = database.store();
    assert_eq!(store.use_login_link(&KeyHash::of("b"), after(599)).await.unwrap(), None, "it was used");
    assert_eq!(store.use_login_link(&KeyHash::of("a"), after(600)).await.unwrap(), None, "it is too old");
}

/// By two daemons on one database, and by many requests to each.
async fn of_many_who_use_a_link_at_once_one_is_let_in(database: TestDatabase) {
    let other = open(database.url()).await;
    for round in 0..10 {
        let secret = format!("link {round}");
        let number = database.store().add_login_link(&link(&secret)).await.unwrap();
        let tries = (0..16).map(|n| {
            let (store, hash) = (if n % 2 == 0 { database.shared() } else { other.clone() }, KeyHash::of(&secret));
            tokio::spawn(async move { store.use_login_link(&hash, NOW).await.unwrap() })
        });
        let tries: Vec<_> = tries.collect();
        let mut let_in = Vec::new();
        for tried in tries {
            let_in.extend(tried.await.unwrap());
        }
        assert_eq!(let_in, [number], "round {round}");
    }
    other.close().await;
}

async fn the_signing_secret_is_everybody_s(mut database: TestDatabase) {
    let other = open(database.url()).await;
    let (one, two) = (secret(1), secret(2));
    let (of_one, of_other) = tokio::join!(database.store().signing_secret(&one, NOW), other.signing_secret(&two, NOW));
    let kept = of_one.unwrap();
    assert_eq!(kept, of_other.unwrap(), "whoever came first, both go by the same");
    database.reopen().await;
    let store = database.store();
    assert_eq!(store.signing_secret(&secret(3), NOW).await.unwrap(), kept, "it outlives a restart");
    store.add_login_link(&link("unused")).await.unwrap();
    store.replace_signing_secret(&secret(4), NOW).await.unwrap();
    assert_eq!(other.signing_secret(&two, NOW).await.unwrap(), secret(4));
    assert_eq!(store.use_login_link(&KeyHash::of("unused"), NOW).await.unwrap(), None, "links are spoiled, too");
    other.close().await;
}

async fn what_operators_did_is_read_from_the_end(database: TestDatabase) {
    let store = database.store();
    for seconds in 0..5 {
        store.note(&entry(seconds, (seconds > 0).then_some(seconds))).await.unwrap();
    }
    let all = store.audit(None, 100).await.unwrap();
    let page = store.audit(Some(all[1].id), 2).await.unwrap();
    assert_eq!(page, all[2..4]);
    assert_eq!(chats_of(store).await, [Some(4), Some(3), Some(2), Some(1), None]);
    let expected = AuditEntry {
        id: all[0].id,
        at: after(4),
        who: "link#1 192.0.2.7".to_owned(),
        action: "insanity".to_owned(),
        persona: Some("avtobus".to_owned()),
        transport: Some("telegram".to_owned()),
        chat: Some(ChatId(4)),
        detail: "on".to_owned(),
    };
    assert_eq!(all[0], expected);
    assert_eq!((&all[4].persona, &all[4].transport), (&None, &None));
}

/// That somebody had it forgotten stays, for that is noted at the same moment.
async fn a_forgotten_chat_is_named_no_more(database: TestDatabase) {
    let store = database.store();
    for (seconds, chat) in [(1, 5), (2, 6), (3, 5)] {
        store.note(&entry(seconds, Some(chat))).await.unwrap();
    }
    store.note(&NewAuditEntry { persona: Some(persona("polkson")), ..entry(1, Some(5)) }).await.unwrap();
    let forget = Forget {
        subject: Subject::Chat(ChatId(5)),
        persona: Some(persona("avtobus")),
        transport: Some(TransportKind::Telegram),
    };
    store.forget(&forget, &trace, after(3)).await.unwrap();
    assert_eq!(chats_of(store).await, [Some(5), Some(5), Some(6), None], "polkson's, the last, another's, the first");
}

async fn old_links_and_entries_are_pruned(database: TestDatabase) {
    let store = database.store();
    store.add_login_link(&link("a")).await.unwrap();
    store.note(&entry(0, None)).await.unwrap();
    store.note(&entry(60, Some(5))).await.unwrap();
    let links = "select hash from console_links";
    store.prune(&Retention::default(), after(600) + Duration::days(1)).await.unwrap();
    assert_eq!(database.sql(links).await.len(), 1);
    store.prune(&Retention::default(), after(601) + Duration::days(1)).await.unwrap();
    assert_eq!(database.sql(links).await, []);
    assert_eq!(chats_of(store).await.len(), 2, "what operators did is kept for a year");
    store.prune(&Retention::default(), after(30) + Duration::days(365)).await.unwrap();
    assert_eq!(chats_of(store).await, [Some(5)]);
}
