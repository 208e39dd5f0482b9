//! Texts come back unaltered, whatever they hold.

use maskarad::chat::MessageId;
use maskarad::store::{Author, Effect, HistoryMessage, RawUpdate, StoreError};
use maskarad::trigger::Trigger;

use super::fixtures::*;
use crate::support::database::{Backend, TestDatabase, on_both};

on_both!(odd_texts_come_back, a_nul_is_replaced_everywhere, errors_hold_no_text);

async fn odd_texts_come_back(database: TestDatabase) {
    let store = database.store();
    let odd = [
        "🦀".repeat(4096),
        String::new(),
        "</s>@@ПЕРВЫЙ@@|1|2|\nREPLY: \\u0000 \\ ' \" $1 ?1 :a %s {}".to_owned(),
        "\u{1}\u{7f}\u{85}\u{200b}\u{202e}\u{feff}\u{fffd}\u{10ffff}\r\n\t".to_owned(),
        "й и\u{306} e\u{301} é".to_owned(),
        "'; drop table inbox; --".to_owned(),
    ];
    for (id, text) in (1..).zip(&odd) {
        let name = text.chars().take(64).collect();
        let message = HistoryMessage { author: Author::Other { id: ANNA, name }, ..said(&place(5), id, text) };
        remember(store, [message.clone()]).await;
        assert_eq!(store.message(&place(5).key(), message.id).await.unwrap(), Some(message));
        let raw = RawUpdate { raw: text.clone(), ..update(id, Some(id)) };
        store.accept(BOT, &[raw], NOW).await.unwrap();
    }
    assert_eq!(texts(store, &place(5)).await, odd);
    let raw: Vec<_> =
        store.unrouted(BOT, &[], 100).await.unwrap().into_iter().map(|stored| stored.update.raw).collect();
    assert_eq!(raw, odd);
}

async fn a_nul_is_replaced_everywhere(database: TestDatabase) {
    let store = database.store();
    store.accept(BOT, &[RawUpdate { raw: "a\0b".to_owned(), ..update(1, None) }], NOW).await.unwrap();
    assert_eq!(store.unrouted(BOT, &[], 1).await.unwrap()[0].update.raw, "a\u{fffd}b");
    let author = Author::Other { id: ANNA, name: "\0".to_owned() };
    remember(store, [HistoryMessage { author, ..said(&place(5), 1, "\0\0") }, said(&place(5), 2, "x")]).await;
    let edit = Effect::Edit { key: place(5).key(), message: MessageId(2), text: "y\0".to_owned() };
    assert!(apply(store, vec![edit, Effect::Enqueue(notice(&place(5), 3, "n\0"))]).await);
    assert_eq!(texts(store, &place(5)).await, ["\u{fffd}\u{fffd}", "y\u{fffd}"]);
    enqueue(store, [job(&place(6), 1, Trigger::Name)]).await;
    let id = pending_job(store, &place(6), 1).await.id;
    store.claim(&lease(), &lead(id), NOW).await.unwrap();
    store.ready(&lease(), id, &reply("\0r"), NOW).await.unwrap();
    let replies =
        store.deliverable(&avtobus(), &[], NOW, 9).await.unwrap().into_iter().map(|job| job.reply.unwrap().text);
    assert_eq!(replies.collect::<Vec<_>>(), ["n\u{fffd}", "\u{fffd}r"]);
}

/// The database refuses a row and quotes it in its details; the error must not.
async fn errors_hold_no_text(database: TestDatabase) {
    let check = match database.backend() {
        Backend::Postgres => "alter table messages add constraint short check (length(text) < 10)",
        Backend::Sqlite => {
            "create trigger short before insert on messages when length(new.text) >= 10
             begin select raise(abort, 'too long'); end"
        }
    };
    database.sql(check).await;
    let store = database.store();
    store.accept(BOT, &[update(1, None)], NOW).await.unwrap();
    let effects = vec![Effect::Remember(said(&place(5), 1, "совершенно секретно"))];
    let error = store.apply(&lease(), &[routed(1, effects)], NOW).await.unwrap_err();
    assert!(matches!(error, StoreError::Refused(_)), "{error}");
    let shown = format!("{error} {error:?}");
    assert!(!shown.contains("секретно") && !shown.contains("Анна"), "{shown}");
}
