//! Nothing that arrives makes parsing panic.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{message, update};
use crate::telegram::update::{READ, chat_of, parse, update_id_of};

/// Any JSON value, with the strings we look for among its keys.
fn anything() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "[@/a-zё😀 \u{0}]{0,8}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        let key = prop_oneof!["chat|from|text|type|id|offset|length|user|status|message_id", "[a-z]{1,4}"];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((key, inner), 0..4).prop_map(|pairs| Value::Object(pairs.into_iter().collect())),
        ]
    })
}

/// The fields that are read somewhere.
const FIELDS: [&str; 22] = [
    "message_id",
    "chat",
    "date",
    "from",
    "sender_chat",
    "message_thread_id",
    "is_topic_message",
    "text",
    "entities",
    "is_automatic_forward",
    "forward_origin",
    "forward_date",
    "reply_to_message",
    "forum_topic_created",
    "caption",
    "caption_entities",
    "migrate_to_chat_id",
    "migrate_from_chat_id",
    "new_chat_member",
    "type",
    "title",
    "id",
];

proptest! {
    #[test]
    fn no_mutation_makes_it_panic(
        kind in prop::sample::select(READ.map(|(kind, _)| kind).to_vec()),
        changes in prop::collection::vec((prop::sample::select(FIELDS.to_vec()), anything()), 0..5),
    ) {
        let mut body = update(json!({}))["message"].take();
        for (key, value) in changes {
            body[key] = value;
        }
        let mutated = json!({"update_id": 1, kind: body});
        let text = mutated.to_string();
        let _ = (parse(&text), chat_of(&mutated), update_id_of(&text));
    }

    #[test]
    fn no_text_makes_it_panic(raw in ".{0,200}") {
        let _ = parse(&raw);
    }

    #[test]
    fn entity_ranges_are_always_text(
        text in "[a@я😀👍🏽]{0,12}",
        ranges in prop::collection::vec((0_usize..20, 0_usize..20), 0..6),
    ) {
        let entities: Vec<Value> = ranges.iter()
            .map(|(offset, length)| json!({"type": "text_mention", "offset": offset, "length": length, "user": {"id": 1}}))
            .collect();
        let message = message(json!({"text": text, "entities": entities}));
        for entity in message.entities {
            prop_assert!(message.text.get(entity.range).is_some_and(|part| !part.is_empty()));
        }
    }
}
