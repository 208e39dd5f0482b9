//! What a raw update holds of a person or a chat that is to be forgotten, and what is left of it without them.
//!
//! What they wrote, forwarded words of theirs and news about them are theirs as a whole. In somebody else's update they are
//! cut out: the message it replies to, their mention, their name in a list of new members. What others wrote of them in
//! their own words stays.

use serde_json::Value;

use crate::store::Trace;

/// Fields that tell whose an object is.
const OWNERS: [&str; 15] = [
    "from",
    "sender_chat",
    "sender_user",
    "user",
    "chat",
    "actor_chat",
    "origin",
    "forward_origin",
    "forward_from",
    "forward_from_chat",
    "new_chat_member",
    "old_chat_member",
    "left_chat_member",
    "user_id",
    "chat_id",
];

/// Words of the message that is replied to, which Telegram puts beside it.
const QUOTED: [&str; 2] = ["reply_to_message", "external_reply"];

/// Finds these numbers, of people or chats, in a raw update.
pub fn trace(raw: &str, numbers: &[i64]) -> Trace {
    let Ok(mut update) = serde_json::from_str::<Value>(raw) else { return unreadable(raw, numbers) };
    let mut changed = false;
    loop {
        let mut bodies = update.as_object().into_iter().flat_map(|update| update.values());
        if bodies.any(|body| is_theirs(body, numbers)) {
            return Trace::Whole;
        }
        // What is left may be theirs only now that something else is gone.
        if !cut(&mut update, numbers) {
            return if changed { Trace::Part(update.to_string()) } else { Trace::None };
        }
        changed = true;
    }
}

/// Of what can't be read, nothing can be kept that might name them.
fn unreadable(raw: &str, numbers: &[i64]) -> Trace {
    let is_digit = |c: Option<char>| c.is_some_and(|c| c.is_ascii_digit());
    let names = |number: &i64| {
        let number = number.to_string();
        let whole = |(at, _): (usize, &str)| {
            !is_digit(raw[..at].chars().next_back()) && !is_digit(raw[at + number.len()..].chars().next())
        };
        raw.match_indices(&number).any(whole)
    };
    if numbers.iter().any(names) { Trace::Whole } else { Trace::None }
}

/// Whether a value is them, or of their making.
fn is_theirs(value: &Value, numbers: &[i64]) -> bool {
    let Some(fields) = value.as_object() else { return false };
    let is_number = |value: &Value| value.as_i64().is_some_and(|number| numbers.contains(&number));
    // Stories and the tasks of a checklist have numbers of their own.
    let is_somebody = !fields.contains_key("chat") && !fields.contains_key("text");
    let them = is_somebody && fields.get("id").is_some_and(is_number);
    them || OWNERS
        .iter()
        .filter_map(|name| fields.get(*name))
        .any(|owner| is_number(owner) || is_theirs(owner, numbers))
}

/// Cuts out what is theirs; whether there was anything.
fn cut(value: &mut Value, numbers: &[i64]) -> bool {
    match value {
        Value::Object(fields) => {
            let before = fields.len();
            let quoted = QUOTED.iter().any(|name| fields.get(*name).is_some_and(|message| is_theirs(message, numbers)));
            fields.retain(|name, field| !(is_theirs(field, numbers) || quoted && name == "quote"));
            let mut changed = fields.len() != before;
            for field in fields.values_mut() {
                changed |= cut(field, numbers);
            }
            changed
        }
        Value::Array(items) => {
            let before = items.len();
            let is_number = |item: &Value| item.as_i64().is_some_and(|number| numbers.contains(&number));
            items.retain(|item| !is_theirs(item, numbers) && !is_number(item));
            let mut changed = items.len() != before;
            for item in items {
                changed |= cut(item, numbers);
            }
            changed
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const ANNA: i64 = 501;

    fn anna() -> Value {
        json!({"id": ANNA, "is_bot": false, "first_name": "Анна"})
    }

    fn message(more: Value) -> Value {
        let mut message =
            json!({"message_id": 501, "date": 501, "chat": {"id": -5, "type": "group"}, "from": {"id": 502}});
        let Value::Object(more) = more else { panic!("fields are wanted") };
        message.as_object_mut().unwrap().extend(more);
        json!({"update_id": 501, "message": message})
    }

    fn traced(update: &Value) -> Trace {
        trace(&update.to_string(), &[ANNA])
    }

    fn left(update: &Value) -> Value {
        let Trace::Part(rest) = traced(update) else { panic!("{update} should be kept in part") };
        serde_json::from_str(&rest).unwrap()
    }

    #[test]
    fn what_is_theirs_goes_as_a_whole() {
        for theirs in [
            message(json!({"from": anna(), "text": "привет"})),
            message(json!({"chat": {"id": ANNA, "type": "private"}, "text": "привет"})),
            message(json!({"forward_origin": {"type": "user", "sender_user": anna()}, "text": "её слова"})),
            message(json!({"forward_from": anna(), "text": "её слова"})),
            message(json!({"left_chat_member": anna()})),
            json!({"update_id": 1, "chat_member": {"chat": {"id": -5}, "from": {"id": 502}, "new_chat_member": {"user": anna()}}}),
            json!({"update_id": 1, "my_chat_member": {"chat": {"id": -5}, "from": anna(), "new_chat_member": {"user": {"id": 7}}}}),
            json!({"update_id": 1, "callback_query": {"id": "501", "from": anna()}}),
            json!({"update_id": 1, "message_reaction": {"chat": {"id": -5}, "user": anna()}}),
        ] {
            assert_eq!(traced(&theirs), Trace::Whole, "{theirs}");
        }
    }

    #[test]
    fn what_is_not_theirs_stays_as_it_is() {
        for other in [
            message(json!({"text": "501"})),
            message(json!({"story": {"id": ANNA, "chat": {"id": 9}}})),
            message(json!({"checklist": {"tasks": [{"id": ANNA, "text": "дело"}]}})),
            json!({"update_id": ANNA}),
            json!({"update_id": 1, "poll": {"id": "501"}}),
        ] {
            assert_eq!(traced(&other), Trace::None, "{other}");
        }
    }

    #[test]
    fn they_are_cut_out_of_what_others_wrote() {
        let reply = message(json!({
            "text": "не согласен", "quote": {"text": "её слова", "position": 0},
            "reply_to_message": {"message_id": 4, "from": anna(), "text": "её слова и ещё"},
        }));
        assert_eq!(left(&reply), message(json!({"text": "не согласен"})));
        let external = message(json!({
            "text": "ну", "quote": {"text": "её слова"},
            "external_reply": {"origin": {"type": "user", "sender_user": anna(), "date": 1}, "photo": []},
        }));
        assert_eq!(left(&external), message(json!({"text": "ну"})));
        let mention = message(json!({
            "text": "Анна!", "entities": [{"type": "text_mention", "offset": 0, "length": 4, "user": anna()}],
        }));
        assert_eq!(left(&mention), message(json!({"text": "Анна!", "entities": []})));
        let joined = message(json!({"new_chat_members": [anna(), {"id": 503}]}));
        assert_eq!(left(&joined), message(json!({"new_chat_members": [{"id": 503}]})));
        let shared = message(
            json!({"users_shared": {"users": [{"user_id": ANNA}], "user_ids": [ANNA, 9]}, "contact": {"user_id": ANNA, "phone_number": "+7"}}),
        );
        assert_eq!(left(&shared), message(json!({"users_shared": {"users": [], "user_ids": [9]}})));
        let pinned = message(json!({"pinned_message": {"message_id": 3, "from": anna(), "text": "её слова"}}));
        assert_eq!(left(&pinned), message(json!({})));
    }

    #[test]
    fn nothing_is_left_that_would_be_cut_the_next_time() {
        let nested = message(json!({"story": {"id": ANNA, "chat": {"x": 1}, "text": {"id": ANNA}}, "text": "а"}));
        let Trace::Part(rest) = traced(&nested) else { panic!("others' text stays") };
        assert_eq!(trace(&rest, &[ANNA]), Trace::None);
        assert_eq!(traced(&json!({"message": {"id": ANNA, "text": {"id": ANNA}}})), Trace::Whole);
    }

    #[test]
    fn what_cannot_be_read_goes_where_it_may_name_them() {
        let deep = |inner: &str| format!("{}{inner}{}", "[".repeat(1000), "]".repeat(1000));
        assert_eq!(trace(&deep("501"), &[ANNA]), Trace::Whole);
        assert_eq!(trace(&deep("15015"), &[ANNA]), Trace::None);
        assert_eq!(trace("{\"id\":-5", &[-5]), Trace::Whole);
    }
}
