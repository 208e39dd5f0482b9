//! Every real update of `../shared/telegram/updates` means what its SOURCES.md says.

use std::collections::BTreeSet;
use std::path::PathBuf;

use serde_json::Value;

use super::*;
use crate::chat::{ChatKind, Me, Message, SenderKind, UserId};
use crate::incoming::Standing;
use crate::settings::EffectiveSettings;
use crate::testing::persona;
use crate::trigger::{Decision, Ignored, Moment, STALE_AFTER, Trigger, decide, prompt_text};

/// What a sample is read as; texts are compared with the sample's own.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Reads {
    Text(ChatKind, SenderKind),
    Textless(ChatKind, SenderKind),
    Context(ChatKind),
    Edited(ChatKind),
    Mine(Standing),
    Migrated(i64, i64),
    Ignored(&'static str),
}

use ChatKind::{Channel as InChannel, Group, Private};
use Reads::{Context, Edited, Migrated, Mine, Text, Textless};
use SenderKind::{AnonymousAdmin, Channel, Person};

const SAMPLES: &[(&str, Reads)] = &[
    ("album_item_video", Textless(Private, Person)),
    ("anon_admin_video_chat_started", Textless(Group, AnonymousAdmin)),
    ("boost_added", Textless(InChannel, Channel)),
    ("business_message", Context(Private)),
    ("callback_query_test", Reads::Ignored("callback_query")),
    ("cap_auto_delete_timer", Textless(Private, Person)),
    ("cap_contact", Textless(Group, Person)),
    ("cap_group_chat_created", Textless(Group, Person)),
    ("cap_group_left_chat_member", Textless(Group, Person)),
    ("cap_group_new_chat_members", Textless(Group, Person)),
    ("cap_group_new_member_2", Textless(Group, Person)),
    ("cap_live_location_edit", Edited(Group)),
    ("cap_migrate_from_chat_id", Reads::Ignored("migration_onto_itself")),
    ("cap_migrate_to_chat_id", Reads::Ignored("migration_onto_itself")),
    ("cap_reply_in_supergroup", Text(Group, Person)),
    ("cap_video_chat_started", Textless(Group, Person)),
    ("cap_voice_private", Textless(Private, Person)),
    ("chat_boost", Reads::Ignored("chat_boost")),
    ("chat_shared", Textless(Private, Person)),
    ("chosen_inline_result", Reads::Ignored("chosen_inline_result")),
    ("d_bot_removed_service_message", Textless(Group, Person)),
    ("d_callback_inaccessible", Reads::Ignored("callback_query")),
    ("d_command_addressed", Text(Group, Person)),
    ("d_command_other_bot", Text(Group, Person)),
    ("d_command_then_mention", Text(Group, Person)),
    ("d_mention_after_emoji_utf16", Text(Group, Person)),
    ("d_mention_inside_code_no_entity", Text(Group, Person)),
    ("d_my_chat_member_added_group", Mine(Standing::Member)),
    ("d_my_chat_member_blocked", Mine(Standing::Gone)),
    ("d_my_chat_member_unblocked", Mine(Standing::Member)),
    ("d_text_4096_emoji", Text(Private, Person)),
    ("d_text_mention", Text(Group, Person)),
    ("d_update_id_over_i32", Text(Private, Person)),
    ("deleted_business_messages", Reads::Ignored("deleted_business_messages")),
    ("dice", Textless(Group, Person)),
    ("edited_channel_post", Edited(InChannel)),
    ("effect_id", Text(Private, Person)),
    ("empty_message", Textless(Private, Person)),
    ("forum_general_closed", Textless(Group, Person)),
    ("forum_topic_created", Textless(Group, Person)),
    ("forum_topic_message", Text(Group, Person)),
    ("gift", Textless(InChannel, Channel)),
    ("guest_message", Context(Group)),
    ("inline_query", Reads::Ignored("inline_query")),
    ("linked_channel_signature", Text(Group, AnonymousAdmin)),
    ("message_reaction_actor_chat", Reads::Ignored("message_reaction")),
    ("message_reaction_user", Reads::Ignored("message_reaction")),
    ("migrate_to_chat_id", Migrated(-599_075_523, -1_001_555_296_434)),
    ("msg_checklist", Textless(Group, Person)),
    ("msg_paid_media", Textless(Group, Person)),
    ("msg_poll_option_added", Textless(Group, Person)),
    ("msg_rich_message", Textless(Group, Person)),
    ("msg_story", Textless(Group, Person)),
    ("msg_successful_payment", Textless(Group, Person)),
    ("msg_write_access_allowed", Textless(Group, Person)),
    ("my_chat_member_issue523", Mine(Standing::Gone)),
    ("photo_caption_entities", Text(Private, Person)),
    ("pinned_message", Textless(Group, Person)),
    ("poll", Reads::Ignored("poll")),
    ("poll_answer", Reads::Ignored("poll_answer")),
    ("pre_checkout_query", Reads::Ignored("pre_checkout_query")),
    ("private_text", Text(Private, Person)),
    ("shipping_query", Reads::Ignored("shipping_query")),
    ("sticker", Textless(Private, Person)),
    ("story_in_supergroup", Textless(Group, Person)),
    ("suggested_post_paid", Textless(InChannel, Channel)),
    ("unique_gift", Textless(InChannel, Channel)),
];

fn folder() -> Option<PathBuf> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared/telegram/updates");
    if folder.is_dir() {
        return Some(folder);
    }
    println!("skipped: ../shared not found");
    None
}

fn sample(name: &str) -> Option<String> {
    Some(std::fs::read_to_string(folder()?.join(format!("{name}.json"))).unwrap())
}

fn sample_message(name: &str) -> Option<Message> {
    match parse(&sample(name)?).unwrap() {
        Incoming::Message(message) => Some(message),
        other => panic!("{name}: {other:?}"),
    }
}

fn reads(incoming: &Incoming) -> Reads {
    match incoming {
        Incoming::Message(message) if message.text.is_empty() => Textless(message.chat_kind, message.sender.kind),
        Incoming::Message(message) => Text(message.chat_kind, message.sender.kind),
        Incoming::Context(message) => Context(message.chat_kind),
        Incoming::Edited(message) => Edited(message.chat_kind),
        Incoming::MyMembership(membership) => Mine(membership.standing),
        Incoming::MembersChanged { .. } => Reads::Ignored("chat_member"),
        Incoming::Migrated { from, to } => Migrated(from.0, to.0),
        Incoming::Ignored(reason) => Reads::Ignored(reason),
    }
}

fn own_text(incoming: &Incoming) -> &str {
    match incoming {
        Incoming::Message(message) | Incoming::Context(message) | Incoming::Edited(message) => &message.text,
        _ => "",
    }
}

/// The text or caption of the update's message, read without our structs.
fn text_in_json(update: &Value) -> String {
    let bodies = READ.iter().filter_map(|(kind, _)| update.get(kind));
    let texts = bodies.filter_map(|body| body.get("text").or_else(|| body.get("caption"))?.as_str());
    texts.collect()
}

#[test]
fn every_sample_is_read_as_its_source_says() {
    for (name, expected) in SAMPLES {
        let Some(raw) = sample(name) else { return };
        let update: Value = serde_json::from_str(&raw).unwrap();
        let incoming = parse(&raw).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(reads(&incoming), *expected, "{name}");
        assert_eq!(own_text(&incoming), text_in_json(&update), "{name}");
        assert!(update_id_of(&raw).is_some(), "{name}");
    }
}

#[test]
fn no_sample_is_left_out() {
    let Some(folder) = folder() else { return };
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let found: BTreeSet<String> = files.filter_map(|name| Some(name.strip_suffix(".json")?.to_owned())).collect();
    let known: BTreeSet<String> = SAMPLES.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(found, known);
}

#[test]
fn samples_without_a_chat_are_those_about_people() {
    let chatless =
        ["chosen_inline_result", "inline_query", "poll", "poll_answer", "pre_checkout_query", "shipping_query"];
    for (name, _) in SAMPLES {
        let Some(raw) = sample(name) else { return };
        let chat = chat_of(&serde_json::from_str(&raw).unwrap());
        assert_eq!(chat.is_none(), chatless.contains(name), "{name}");
    }
}

#[test]
fn samples_call_the_persona_as_their_sources_say() {
    let me = Me { id: UserId(800_000_001), username: "Helper_Bot".to_owned(), can_read_all_group_messages: true };
    let persona = persona();
    let sane = EffectiveSettings::of(&persona, ChatKind::Group, None);
    for (name, expected) in [
        ("d_mention_after_emoji_utf16", Decision::Answer(Trigger::Mention)),
        ("d_text_mention", Decision::Answer(Trigger::Mention)),
        ("d_command_then_mention", Decision::Answer(Trigger::Mention)),
        ("d_mention_inside_code_no_entity", Decision::Ignore(Ignored::Untriggered)),
        ("d_command_other_bot", Decision::Ignore(Ignored::Command)),
        ("d_command_addressed", Decision::Ignore(Ignored::Command)),
        ("d_text_4096_emoji", Decision::Answer(Trigger::Private)),
        ("cap_reply_in_supergroup", Decision::Ignore(Ignored::Untriggered)),
        ("linked_channel_signature", Decision::Ignore(Ignored::Untriggered)),
        ("sticker", Decision::Ignore(Ignored::Textless)),
        ("boost_added", Decision::Ignore(Ignored::Post)),
    ] {
        let Some(message) = sample_message(name) else { return };
        let moment = Moment { now: message.sent_at, dice: 0.0, stale_after: STALE_AFTER };
        assert_eq!(decide(&persona, &me, &sane, &message, moment), expected, "{name}");
    }
}

#[test]
fn the_mention_after_emoji_is_cut_whole() {
    let Some(message) = sample_message("d_mention_after_emoji_utf16") else { return };
    let me = Me { id: UserId(1), username: "helper_bot".to_owned(), can_read_all_group_messages: true };
    let cut = prompt_text(&persona(), &me, Trigger::Mention, &message.text);
    assert_eq!(cut, "👨‍👩‍👧 добрый день 👍🏽 你好");
}

#[test]
fn details_of_samples() {
    let Some(topic) = sample_message("forum_topic_message") else { return };
    assert_eq!((topic.chat.thread, topic.reply_to), (Some(ThreadId(4)), None));
    assert_eq!(sample_message("forum_general_closed").unwrap().chat.thread, Some(GENERAL_TOPIC));
    let reply = sample_message("cap_reply_in_supergroup").unwrap().reply_to.unwrap();
    assert_eq!((reply.id.0, reply.text.as_str()), (11, "Hello, modified"));
    let forwarded = sample_message("linked_channel_signature").unwrap();
    assert!(forwarded.forwarded);
    assert_eq!(forwarded.sender.id, UserId(-1_001_160_242_915));
    assert_eq!(sample_message("d_text_4096_emoji").unwrap().text.encode_utf16().count(), 4096);
    assert_eq!(sample_message("empty_message").unwrap().sender.name, "FN");
}
