//! What chats set for themselves.

use maskarad::chat::{ChatId, Language};
use maskarad::store::{ChatSettings, Effect};

use super::fixtures::*;
use crate::support::database::{TestDatabase, on_both};

on_both!(settings_belong_to_a_persona_in_a_chat, settings_are_replaced_as_a_whole, activity_is_set_alone);

fn all_set() -> ChatSettings {
    ChatSettings {
        insanity: Some(true),
        chance: Some(0.1),
        context_length: Some(50),
        language: Some(Language::En),
        quiet_until: Some(after(3600)),
        active: false,
        told_off: true,
        former_id: Some(ChatId(-77)),
    }
}

async fn settings_belong_to_a_persona_in_a_chat(database: TestDatabase) {
    let store = database.store();
    assert_eq!(store.settings(&place(5).key()).await.unwrap(), None);
    set(store, place(5).key(), all_set()).await;
    assert_eq!(store.settings(&place(5).key()).await.unwrap(), Some(all_set()));
    assert_eq!(store.settings(&topic(5, 9).key()).await.unwrap(), Some(all_set()));
    assert_eq!(store.settings(&place_of("polkson", 5).key()).await.unwrap(), None);
    assert_eq!(store.settings(&place(6).key()).await.unwrap(), None);
}

async fn settings_are_replaced_as_a_whole(database: TestDatabase) {
    let store = database.store();
    let key = place(i64::MIN).key();
    let off =
        ChatSettings { insanity: Some(false), chance: Some(1.0), context_length: Some(0), ..ChatSettings::default() };
    for settings in [all_set(), ChatSettings::default(), off] {
        assert!(apply(store, vec![Effect::Settings(key.clone(), settings.clone())]).await);
        assert_eq!(store.settings(&key).await.unwrap(), Some(settings));
    }
}

async fn activity_is_set_alone(database: TestDatabase) {
    let store = database.store();
    store.set_active(&place(5).key(), false).await.unwrap();
    let closed = ChatSettings { active: false, ..ChatSettings::default() };
    assert_eq!(store.settings(&place(5).key()).await.unwrap(), Some(closed));
    set(store, place(6).key(), all_set()).await;
    for active in [true, true, false] {
        store.set_active(&place(6).key(), active).await.unwrap();
        assert_eq!(store.settings(&place(6).key()).await.unwrap(), Some(ChatSettings { active, ..all_set() }));
    }
    assert_eq!(store.settings(&place_of("polkson", 6).key()).await.unwrap(), None);
}
