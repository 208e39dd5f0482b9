//! The shapes of updates that matter most, and those that shouldn't exist.

mod properties;

use serde_json::{Value, json};

use super::*;
use crate::chat::{ChatKind, EntityKind, Message, MessageId, SenderKind, UserId};
use crate::incoming::Standing;

fn group() -> Value {
    json!({"id": -1001, "type": "supergroup", "title": "Team"})
}

fn ann() -> Value {
    json!({"id": 100, "is_bot": false, "first_name": "Ann", "last_name": "Ex", "language_code": "en"})
}

/// A message of Ann's in the group, with some fields replaced; a null removes one.
fn update(changes: Value) -> Value {
    let mut message = json!({"message_id": 5, "date": 1_790_000_000, "chat": group(), "from": ann(), "text": "hi"});
    for (key, value) in changes.as_object().unwrap() {
        message[key] = value.clone();
    }
    message.as_object_mut().unwrap().retain(|_, value| !value.is_null());
    json!({"update_id": 1, "message": message})
}

fn read(update: &Value) -> Incoming {
    parse(&update.to_string()).unwrap()
}

fn message(changes: Value) -> Message {
    match read(&update(changes)) {
        Incoming::Message(message) => message,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_plain_message() {
    let message = message(json!({}));
    assert_eq!((message.id, message.chat.id, message.chat_kind), (MessageId(5), ChatId(-1001), ChatKind::Group));
    assert_eq!((message.sender.name.as_str(), message.sender.language.as_deref()), ("Ann Ex", Some("en")));
    assert_eq!((message.sender.id, message.sender.kind), (UserId(100), SenderKind::Person));
    assert_eq!((message.text.as_str(), message.chat.thread, message.forwarded), ("hi", None, false));
    assert_eq!(message.sent_at.unix_timestamp(), 1_790_000_000);
}

#[test]
fn groups_of_both_kinds_and_ids_beyond_32_bits() {
    for kind in ["group", "supergroup"] {
        let chat = json!({"id": -100_123_456_789_012_i64, "type": kind});
        let message = message(json!({"chat": chat, "from": {"id": 7_777_777_777_i64, "is_bot": false}}));
        assert_eq!((message.chat.id.0, message.chat_kind), (-100_123_456_789_012, ChatKind::Group));
        assert_eq!(message.sender.id, UserId(7_777_777_777));
    }
}

#[test]
fn weird_types_in_optional_fields_lose_only_themselves() {
    let message = message(json!({
        "date": "yesterday", "from": 7, "entities": [{"type": 5}, 8, {"type": "mention", "offset": -1, "length": 2}],
        "message_thread_id": {}, "is_topic_message": "yes", "reply_to_message": {"text": "no id"}, "caption": [],
        "something_new": {"deep": [1, 2, {}]}, "sender_chat": "x", "is_automatic_forward": 1
    }));
    assert_eq!(message.text, "hi");
    assert_eq!((message.entities.len(), message.reply_to, message.chat.thread), (0, None, None));
    assert_eq!(message.sent_at.unix_timestamp(), 0);
}

#[test]
fn malformed_updates_are_typed_errors() {
    for raw in ["", "{", "nonsense", "{\"update_id\":1,\"message\":{\"text\":\"\\ud83d\"}}"] {
        assert!(matches!(parse(raw), Err(ParseError::Json(_))), "{raw}");
    }
    for raw in ["[]", "1", "null", "\"message\""] {
        assert!(matches!(parse(raw), Err(ParseError::NotAnObject)), "{raw}");
    }
    for body in [json!(1), json!(null), json!([]), json!({"message_id": 1}), json!({"chat": {"id": "x"}})] {
        let raw = json!({"update_id": 1, "message": body}).to_string();
        assert!(matches!(parse(&raw), Err(ParseError::Malformed { kind: "message", .. })), "{raw}");
    }
    for body in [json!("моя тайна"), json!({"message_id": "моя тайна", "chat": {"id": 1, "type": "private"}})]
    {
        let error = parse(&json!({"update_id": 1, "message": body}).to_string()).unwrap_err();
        assert!(!format!("{error} {error:?}").contains("тайна"), "an error repeats what somebody wrote: {error}");
    }
    assert!(matches!(parse(&"[".repeat(100_000)), Err(ParseError::Json(_))), "deep nesting");
    assert_eq!(parse("{}").unwrap(), Incoming::Ignored("unknown_update"));
    assert_eq!(parse("{\"update_id\":1,\"telepathy\":{}}").unwrap(), Incoming::Ignored("unknown_update"));
}

#[test]
fn captions_have_entities_of_their_own() {
    let caption = json!({
        "text": null, "photo": [], "caption": "👍 @bot",
        "entities": [{"type": "bot_command", "offset": 0, "length": 2}],
        "caption_entities": [{"type": "mention", "offset": 3, "length": 4}]
    });
    let message = message(caption);
    assert_eq!(message.text, "👍 @bot");
    assert_eq!(message.entities.len(), 1);
    assert_eq!(message.entities[0].kind, EntityKind::Mention("bot".to_owned()));
    assert_eq!(&message.text[message.entities[0].range.clone()], "@bot");
}

#[test]
fn entities_of_all_kinds_that_we_read() {
    let entities = json!([
        {"type": "bot_command", "offset": 0, "length": 8},
        {"type": "text_mention", "offset": 9, "length": 3, "user": {"id": 9}},
        {"type": "text_mention", "offset": 9, "length": 3},
        {"type": "code", "offset": 0, "length": 3},
        {"type": "mention", "offset": 9, "length": 3},
        {"type": "mention", "offset": 9, "length": 300}
    ]);
    let message = message(json!({"text": "/cmd@bot Ann", "entities": entities}));
    let kinds: Vec<_> = message.entities.into_iter().map(|entity| entity.kind).collect();
    assert_eq!(kinds, [EntityKind::Command("cmd@bot".to_owned()), EntityKind::UserMention(UserId(9))]);
}

#[test]
fn a_thread_counts_only_in_a_topic() {
    let forum = json!({"id": -1001, "type": "supergroup", "is_forum": true});
    let in_topic = json!({"chat": forum, "message_thread_id": 9, "is_topic_message": true});
    assert_eq!(message(in_topic).chat.thread, Some(ThreadId(9)));
    assert_eq!(message(json!({"message_thread_id": 9})).chat.thread, None);
    for general in
        [json!({}), json!({"message_thread_id": 33}), json!({"message_thread_id": 1, "is_topic_message": true})]
    {
        let mut general = general;
        general["chat"] = forum.clone();
        assert_eq!(message(general).chat.thread, Some(GENERAL_TOPIC));
    }
}

#[test]
fn the_first_message_of_a_topic_is_not_replied_to() {
    let root = |id: i64| json!({"message_id": id, "chat": group(), "from": {"id": 7, "is_bot": true}, "text": "root"});
    let topic = |root: Value| json!({"message_thread_id": 9, "is_topic_message": true, "reply_to_message": root});
    assert_eq!(message(topic(root(9))).reply_to, None);
    assert_eq!(message(topic(root(10))).reply_to.unwrap().id, MessageId(10));
    let mut created = root(10);
    created["forum_topic_created"] = json!({"name": "x"});
    assert_eq!(message(topic(created)).reply_to, None);
}

#[test]
fn a_plain_thread_begins_with_a_real_reply() {
    let root =
        json!({"message_id": 9, "chat": group(), "from": {"id": 7, "is_bot": true, "first_name": "B"}, "text": "a"});
    let reply = message(json!({"message_thread_id": 9, "reply_to_message": root})).reply_to.unwrap();
    assert_eq!((reply.id, reply.text.as_str()), (MessageId(9), "a"));
    assert_eq!(reply.sender.map(|sender| (sender.id, sender.kind)), Some((UserId(7), SenderKind::Bot)));
}

#[test]
fn a_reply_to_something_inaccessible_keeps_its_id() {
    let gone = json!({"message_id": 9, "chat": group(), "date": 0});
    let reply = message(json!({"reply_to_message": gone})).reply_to.unwrap();
    assert_eq!((reply.id, reply.sender, reply.text), (MessageId(9), None, String::new()));
}

#[test]
fn senders_of_every_kind() {
    let bot = |id: i64| json!({"id": id, "is_bot": true, "first_name": "B"});
    let channel = json!({"id": -1009, "type": "channel", "title": "News"});
    let anonymous = 1_087_968_824;
    for (changes, kind, id) in [
        (json!({"from": bot(5)}), SenderKind::Bot, 5),
        (json!({"from": bot(anonymous), "sender_chat": group()}), SenderKind::AnonymousAdmin, -1001),
        (json!({"from": bot(anonymous), "sender_chat": channel}), SenderKind::Channel, -1009),
        (json!({"from": bot(anonymous)}), SenderKind::Bot, anonymous),
        (json!({"from": bot(5), "sender_chat": group()}), SenderKind::Channel, -1001),
        (json!({"from": bot(136_817_688), "sender_chat": channel}), SenderKind::Channel, -1009),
        (
            json!({"from": {"id": 777_000, "is_bot": false}, "sender_chat": channel}),
            SenderKind::AutomaticForward,
            -1009,
        ),
        (json!({"is_automatic_forward": true, "sender_chat": channel}), SenderKind::AutomaticForward, -1009),
        (json!({"from": null}), SenderKind::Channel, -1001),
        (json!({"from": null, "chat": {"id": 100, "type": "private"}}), SenderKind::Person, 100),
    ] {
        let sender = message(changes.clone()).sender;
        assert_eq!((sender.kind, sender.id), (kind, UserId(id)), "{changes}");
    }
}

#[test]
fn forwards_of_old_and_new_form() {
    assert!(message(json!({"forward_origin": {"type": "hidden_user"}})).forwarded);
    assert!(message(json!({"forward_date": 1})).forwarded);
}

#[test]
fn channel_business_and_guest_messages_are_context() {
    let body = update(json!({}))["message"].take();
    for kind in ["channel_post", "business_message", "guest_message"] {
        assert!(matches!(read(&json!({"update_id": 1, kind: body})), Incoming::Context(_)), "{kind}");
    }
    for kind in ["edited_message", "edited_channel_post", "edited_business_message"] {
        assert!(matches!(read(&json!({"update_id": 1, kind: body})), Incoming::Edited(_)), "{kind}");
    }
}

#[test]
fn both_sides_of_a_migration_say_the_same() {
    let expected = Incoming::Migrated { from: ChatId(-5), to: ChatId(-1001) };
    let old = json!({"chat": {"id": -5, "type": "group"}, "text": null, "migrate_to_chat_id": -1001});
    assert_eq!(read(&update(old)), expected);
    assert_eq!(read(&update(json!({"text": null, "migrate_from_chat_id": -5}))), expected);
    let itself = json!({"text": null, "migrate_from_chat_id": -1001});
    assert_eq!(read(&update(itself)), Incoming::Ignored("migration_onto_itself"));
}

#[test]
fn memberships() {
    let with = |member: Value| json!({"update_id": 1, "my_chat_member": {"chat": group(), "from": ann(), "new_chat_member": member}});
    let bot = json!({"id": 7, "is_bot": true});
    for (member, standing) in [
        (json!({"user": bot, "status": "creator"}), Standing::Administrator),
        (json!({"user": bot, "status": "administrator"}), Standing::Administrator),
        (json!({"user": bot, "status": "member"}), Standing::Member),
        (json!({"user": bot, "status": "restricted", "is_member": true, "can_send_messages": true}), Standing::Member),
        (json!({"user": bot, "status": "restricted", "is_member": true, "can_send_messages": false}), Standing::Muted),
        (json!({"user": bot, "status": "restricted", "is_member": false}), Standing::Gone),
        (json!({"user": bot, "status": "left"}), Standing::Gone),
        (json!({"user": bot, "status": "kicked"}), Standing::Gone),
    ] {
        let Incoming::MyMembership(mine) = read(&with(member)) else { panic!() };
        assert_eq!((mine.standing, mine.chat, mine.by.id), (standing, ChatId(-1001), UserId(100)));
    }
    let unknown = with(json!({"user": bot, "status": "ghost"})).to_string();
    assert!(matches!(parse(&unknown), Err(ParseError::UnknownStatus)));
    let others =
        json!({"update_id": 1, "chat_member": {"chat": group(), "new_chat_member": {"user": ann(), "status": "left"}}});
    assert_eq!(read(&others), Incoming::MembersChanged { chat: ChatId(-1001), user: UserId(100) });
}

#[test]
fn a_nul_can_be_stored() {
    let message = message(json!({"text": "a\u{0} @bot", "entities": [{"type": "mention", "offset": 3, "length": 4}]}));
    assert_eq!(message.text, "a\u{FFFD} @bot");
    assert_eq!(message.entities[0].kind, EntityKind::Mention("bot".to_owned()));
}

#[test]
fn chats_and_ids_of_any_update() {
    assert_eq!(chat_of(&update(json!({}))), Some(ChatId(-1001)));
    let callback = json!({"update_id": 1, "callback_query": {"id": "x", "message": {"chat": group()}}});
    assert_eq!(chat_of(&callback), Some(ChatId(-1001)));
    assert_eq!(chat_of(&json!({"update_id": 1, "poll": {"id": "x"}})), None);
    assert_eq!(chat_of(&json!([])), None);
    assert_eq!(update_id_of(r#"{"update_id": 9000000000}"#), Some(9_000_000_000));
    assert_eq!(update_id_of(r#"{"update_id": "1"}"#), None);
}
