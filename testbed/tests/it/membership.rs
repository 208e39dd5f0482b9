//! Coming, going, blocking, migrating: updates and service messages.

use maskarad_testbed::MemberStatus;
use serde_json::{Value, json};

use crate::common::cast;

fn statuses(change: &Value) -> (&str, &str) {
    let status = |side: &str| change[side]["status"].as_str().unwrap();
    (status("old_chat_member"), status("new_chat_member"))
}

#[tokio::test]
async fn a_bot_learns_how_it_stands() {
    let cast = cast().await;
    let group = cast.tg.add_group("Друзья");
    group.add_bot(&cast.bot, &cast.anna);
    group.promote_bot(&cast.bot);
    group.demote_bot(&cast.bot);
    group.remove_bot(&cast.bot, &cast.anna);
    let updates = cast.wire.drain().await;
    let changes: Vec<_> = updates.iter().filter_map(|update| update.get("my_chat_member")).map(statuses).collect();
    let expected = [("left", "member"), ("member", "administrator"), ("administrator", "member"), ("member", "kicked")];
    assert_eq!(changes, expected);
    assert_eq!(updates[0]["my_chat_member"]["from"]["id"], cast.anna.id().0);
    assert_eq!(updates[1]["message"]["new_chat_members"][0]["id"], cast.bot.id().0);
    let farewell = &updates.last().unwrap()["message"];
    assert_eq!(farewell["left_chat_member"]["id"], cast.bot.id().0);
    assert!(group.messages().last().unwrap().raw.contains_key("left_chat_member"));
    let refused = cast.wire.refused("sendMessage", json!({ "chat_id": group.id(), "text": "а" })).await;
    assert_eq!(refused, (403, "Forbidden: bot was kicked from the group chat".to_owned()));
}

#[tokio::test]
async fn leaving_is_told_and_final() {
    let cast = cast().await;
    let group = cast.tg.add_supergroup("Друзья");
    group.add_bot(&cast.bot, &cast.anna);
    cast.wire.drain().await;
    cast.wire.ok("leaveChat", json!({ "chat_id": group.id() })).await;
    assert_eq!(group.status(cast.bot.id()), MemberStatus::Left);
    let updates = cast.wire.drain().await;
    assert_eq!(updates.len(), 1, "its own farewell is not shown to it");
    assert_eq!(statuses(&updates[0]["my_chat_member"]), ("member", "left"));
    let refused = cast.wire.refused("sendMessage", json!({ "chat_id": group.id(), "text": "а" })).await;
    assert_eq!(refused, (403, "Forbidden: bot is not a member of the supergroup chat".to_owned()));
}

#[tokio::test]
async fn blocking_and_unblocking() {
    let cast = cast().await;
    let say = json!({ "chat_id": cast.anna.id(), "text": "а" });
    let cold = cast.wire.refused("sendMessage", say.clone()).await;
    assert_eq!(cold, (403, "Forbidden: bot can't initiate conversation with a user".to_owned()));
    cast.anna.writes_private(&cast.bot, "привет");
    cast.wire.ok("sendMessage", say.clone()).await;
    cast.anna.blocks(&cast.bot);
    cast.anna.blocks(&cast.bot);
    let blocked = cast.wire.refused("sendMessage", say.clone()).await;
    assert_eq!(blocked, (403, "Forbidden: bot was blocked by the user".to_owned()));
    cast.anna.unblocks(&cast.bot);
    cast.wire.ok("sendMessage", say).await;
    let updates = cast.wire.drain().await;
    let changes: Vec<_> = updates.iter().filter_map(|update| update.get("my_chat_member")).map(statuses).collect();
    assert_eq!(changes, [("member", "kicked"), ("kicked", "member")]);
}

#[tokio::test]
async fn members_are_told_apart() {
    let cast = cast().await;
    let group = cast.tg.add_supergroup("Друзья");
    group.add_bot(&cast.bot, &cast.anna);
    let boris = cast.tg.add_user(maskarad_testbed::UserSpec::new("Борис"));
    let ask = async |user: i64| {
        let params = json!({ "chat_id": group.id(), "user_id": user });
        cast.wire.ok("getChatMember", params).await["status"].as_str().unwrap().to_owned()
    };
    assert_eq!(ask(boris.id().0).await, "left");
    group.join(&boris);
    assert_eq!(ask(boris.id().0).await, "member");
    group.promote(&boris);
    assert_eq!(ask(boris.id().0).await, "administrator");
    group.kick(&boris);
    assert_eq!(ask(boris.id().0).await, "kicked");
    let admins = cast.wire.ok("getChatAdministrators", json!({ "chat_id": group.id() })).await;
    assert_eq!(admins[0]["status"], "creator");
    let unknown = cast.wire.refused("getChatMember", json!({ "chat_id": group.id(), "user_id": 1 })).await;
    assert_eq!(unknown, (400, "Bad Request: user not found".to_owned()));
    assert_eq!(cast.wire.ok("getChatMemberCount", json!({ "chat_id": group.id() })).await, 3);
}

#[tokio::test]
async fn migration_moves_members_and_refuses_the_old_id() {
    let cast = cast().await;
    let group = cast.tg.add_group("Друзья");
    group.add_bot(&cast.bot, &cast.anna);
    cast.wire.drain().await;
    let moved = cast.tg.migrate(&group);
    let updates = cast.wire.drain().await;
    assert_eq!(updates[0]["message"]["migrate_to_chat_id"], moved.id().0);
    assert_eq!(updates[0]["message"]["chat"]["id"], group.id().0);
    assert_eq!(updates[1]["message"]["migrate_from_chat_id"], group.id().0);
    assert_eq!(updates[1]["message"]["chat"], json!({ "id": moved.id(), "type": "supergroup", "title": "Друзья" }));

    let (status, body) = cast.wire.call("sendMessage", json!({ "chat_id": group.id(), "text": "а" })).await;
    assert_eq!(status, 400);
    assert_eq!(body["description"], "Bad Request: group chat was upgraded to a supergroup chat");
    assert_eq!(body["parameters"]["migrate_to_chat_id"], moved.id().0);
    cast.wire.ok("sendMessage", json!({ "chat_id": moved.id(), "text": "а" })).await;
    assert_eq!(cast.tg.migrate(&group).id(), moved.id());
}
