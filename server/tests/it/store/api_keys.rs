//! Keys of the HTTP API.

use maskarad::store::{ApiKey, KeyHash};

use super::fixtures::*;
use crate::support::database::{TestDatabase, on_both};

on_both!(keys_are_made_once_listed_by_name_and_revoked_for_good);

fn key(name: &str, secret: &str) -> ApiKey {
    ApiKey {
        name: name.to_owned(),
        hash: KeyHash::of(secret),
        per_minute: 60,
        console: name == "phone",
        created_at: NOW,
        revoked: false,
    }
}

async fn keys_are_made_once_listed_by_name_and_revoked_for_good(mut database: TestDatabase) {
    let store = database.store();
    assert!(store.add_api_key(&key("phone", "a")).await.unwrap() && store.add_api_key(&key("bot", "b")).await.unwrap());
    assert!(!store.add_api_key(&key("phone", "c")).await.unwrap(), "the name is taken");
    assert!(store.add_api_key(&key("another", "a")).await.is_err(), "nobody makes the same key twice");
    assert_eq!(store.api_keys().await.unwrap(), [key("bot", "b"), key("phone", "a")]);
    assert!(store.revoke_api_key("phone", NOW).await.unwrap() && !store.revoke_api_key("phone", NOW).await.unwrap());
    assert!(!store.revoke_api_key("nobody", NOW).await.unwrap());
    assert!(!store.add_api_key(&key("phone", "d")).await.unwrap(), "nobody takes it for another");
    database.reopen().await;
    assert_eq!(
        database.store().api_keys().await.unwrap(),
        [key("bot", "b"), ApiKey { revoked: true, ..key("phone", "a") }]
    );
}
