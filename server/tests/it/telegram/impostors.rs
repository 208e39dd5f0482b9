//! Commands that change a chat, given by everyone who may not, in every kind of chat: settings, blocks, history and jobs stay
//! as they are.

mod stage;

use maskarad_testbed::BotSpec;
use serde_json::{Map, Value, json};

use self::stage::{Forgery, Place, Stage, person};
use super::scene::{Scene, sqlite};

/// Every command that changes something, under each of its names.
const SETTINGS: [&str; 11] = [
    "/insanity on",
    "/insanity off",
    "/context 9",
    "/set_context_length 9",
    "/chance 77",
    "/quiet",
    "/quiet 5",
    "/quiet 0",
    "/reset",
    "/delete_history",
    "/language en",
];
/// Those of the owner.
const BLOCKS: [&str; 2] = ["/block 555", "/unblock 666"];

/// Everyone who may change nothing in a group.
const IMPOSTORS: [(&str, &str, Forgery); 21] = [
    ("a member", "message", |place, message| by(message, &place.member)),
    ("a former administrator", "message", |place, message| by(message, &place.demoted)),
    ("a stranger", "message", |place, message| by(message, &place.stranger)),
    ("another bot", "message", |_, message| by(message, &json!({"id": 99, "is_bot": true, "first_name": "Бот"}))),
    ("a channel", "message", |_, message| {
        by(message, &json!({"id": 136_817_688, "is_bot": true, "first_name": "Channel"}));
        message.insert("sender_chat".to_owned(), json!({"id": -100_555, "type": "channel", "title": "Канал"}));
    }),
    ("an anonymous administrator of another chat", "message", |_, message| {
        by(message, &json!({"id": 1_087_968_824, "is_bot": true, "first_name": "Group"}));
        message.insert("sender_chat".to_owned(), json!({"id": -100_777, "type": "supergroup", "title": "Другая"}));
    }),
    ("a member in the group's name", "message", |place, message| {
        by(message, &place.member);
        message.insert("sender_chat".to_owned(), place.chat.clone());
    }),
    ("an automatic forward", "message", |_, message| {
        by(message, &json!({"id": 777_000, "is_bot": false, "first_name": "Telegram"}));
        message.insert("sender_chat".to_owned(), json!({"id": -100_555, "type": "channel", "title": "Канал"}));
        message.insert("is_automatic_forward".to_owned(), json!(true));
    }),
    ("an automatic forward in the group's name", "message", |place, message| {
        by(message, &json!({"id": 1_087_968_824, "is_bot": true, "first_name": "Group"}));
        message.insert("sender_chat".to_owned(), place.chat.clone());
        message.insert("is_automatic_forward".to_owned(), json!(true));
    }),
    ("a caption of a member's", "message", |place, message| {
        by(message, &place.member);
        captioned(message);
    }),
    ("a forwarded caption", "message", |place, message| {
        captioned(message);
        forwarded(place, message);
    }),
    ("a reply of a member's", "message", |place, message| {
        by(message, &place.member);
        let replied = json!({"message_id": 1, "chat": place.chat, "from": place.admin, "text": "важное"});
        message.insert("reply_to_message".to_owned(), replied);
    }),
    ("a forward", "message", forwarded),
    ("a forward of old", "message", |_, message| {
        message.insert("forward_date".to_owned(), json!(1));
    }),
    ("an edit", "edited_message", |_, _| ()),
    ("a business message", "business_message", |_, _| ()),
    ("an edited business message", "edited_business_message", |_, _| ()),
    ("a guest message", "guest_message", |_, _| ()),
    ("a post", "channel_post", |_, _| ()),
    ("an edited post", "edited_channel_post", |_, _| ()),
    ("a text that looks like a command", "message", |_, message| drop(message.remove("entities"))),
];

fn by(message: &mut Map<String, Value>, author: &Value) {
    message.insert("from".to_owned(), author.clone());
}

fn captioned(message: &mut Map<String, Value>) {
    for (text, caption) in [("text", "caption"), ("entities", "caption_entities")] {
        let value = message.remove(text).unwrap();
        message.insert(caption.to_owned(), value);
    }
}

fn forwarded(place: &Place, message: &mut Map<String, Value>) {
    let origin = json!({"type": "user", "date": 1, "sender_user": place.admin});
    message.insert("forward_origin".to_owned(), origin);
}

async fn nobody_commands_a_group(mut stage: Stage) {
    for (whom, kind, forge) in IMPOSTORS {
        stage.tries(whom, &SETTINGS, kind, forge).await;
        stage.tries(whom, &BLOCKS, kind, forge).await;
    }
    let to_others = SETTINGS.map(|command| command.replacen(' ', "@other_bot ", 1));
    let to_others: Vec<&str> = to_others.iter().map(String::as_str).filter(|command| command.contains('@')).collect();
    stage.tries("to another bot", &to_others, "message", |_, _| ()).await;
    stage.tries("an administrator who is not the owner", &BLOCKS, "message", |_, _| ()).await;
    stage
        .tries("an anonymous administrator", &BLOCKS, "message", |place, message| {
            by(message, &json!({"id": 1_087_968_824, "is_bot": true, "first_name": "Group"}));
            message.insert("sender_chat".to_owned(), place.chat.clone());
        })
        .await;
    for command in ["/insanity on", "/context 9", "/chance 77", "/quiet 0", "/language en", "/reset"] {
        stage.obeys(command).await;
    }
    stage.host.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_a_basic_group() {
    nobody_commands_a_group(Stage::new(|tg| tg.add_group("Группа"), false).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_a_supergroup() {
    nobody_commands_a_group(Stage::new(|tg| tg.add_supergroup("Группа"), false).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_a_topic() {
    nobody_commands_a_group(Stage::new(|tg| tg.add_forum("Группа"), true).await).await;
}

/// In a channel nobody commands, were it its creator.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_a_channel() {
    let mut stage = Stage::new(|tg| tg.add_channel("Канал"), false).await;
    stage.place.chat["type"] = json!("channel");
    for kind in ["channel_post", "edited_channel_post", "message", "edited_message"] {
        stage.tries(kind, &SETTINGS, kind, |_, _| ()).await;
        stage.tries(kind, &BLOCKS, kind, |_, _| ()).await;
    }
    stage.host.stop().await;
}

/// In private the chat is the person's own; but what they forward, edit or write elsewhere commands nothing, and blocks are the
/// owner's.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_private() {
    let bot = BotSpec::new("avtobus_bot").privacy(false);
    let scene = Scene::with(sqlite().await, bot, |tg| tg.add_supergroup("Группа")).await;
    scene.boris.opens_chat(&scene.bot);
    let (id, boris) = (scene.boris.id(), person(scene.boris.id().0, "Борис"));
    let chat = json!({"id": id, "type": "private", "first_name": "Борис"});
    let place = Place {
        chat,
        thread: None,
        admin: boris.clone(),
        member: boris.clone(),
        demoted: boris.clone(),
        stranger: boris,
    };
    let mut stage = Stage::furnished(scene, place).await;
    let own =
        ["an edit", "a business message", "an edited business message", "a guest message", "a post", "an edited post"];
    for (whom, kind, forge) in IMPOSTORS.into_iter().filter(|(whom, ..)| own.contains(whom)) {
        stage.tries(whom, &SETTINGS, kind, forge).await;
        stage.tries(whom, &BLOCKS, kind, forge).await;
    }
    stage.tries("a person", &BLOCKS, "message", |_, _| ()).await;
    stage.tries("group settings", &["/insanity on", "/chance 77", "/quiet", "/quiet 0"], "message", |_, _| ()).await;
    stage.obeys("/context 9").await;
    stage.obeys("/reset").await;
    stage.host.stop().await;
}
