//! What is sent, and how: as a reply, without previews, and never without something to say.

use super::scene::Scene;
use crate::support::database::{TestDatabase, on_both};
use crate::support::host::settled;

on_both!(nothing_usable_gets_the_fallback_or_silence);

/// A greedy persona says the same to the same; the second one may not say it.
async fn nothing_usable_gets_the_fallback_or_silence(database: TestDatabase) {
    let scene = Scene::new(database).await;
    let Scene { tg, bot, anna, boris, vera, group, .. } = &scene;
    let greedy = "generation: { max_new_tokens: 8, do_sample: false }\nchat_defaults: { context_length: 0 }\n";
    let host = scene.host(greedy).await;
    let said = scene.private(anna, "как дела").await;
    host.stop().await;

    let filter = format!("filter: {{ words: [{}] }}\nreply: {{ fallback: не знаю }}\n", serde_json::json!(said));
    let host = scene.host(&format!("{greedy}{filter}")).await;
    assert_eq!(scene.private(boris, "как дела").await, "не знаю");
    let seeds: Vec<_> = host.requests().iter().map(|request| request.generation.seed).collect();
    assert_eq!(seeds.len(), 3, "two more tries");
    assert!(seeds[0] != seeds[1] && seeds[1] != seeds[2] && seeds[0] != seeds[2], "{seeds:?}");

    scene.command("/insanity on").await;
    let ambient = vera.writes(group, "как дела");
    scene.silence([ambient]).await;
    assert_eq!(host.requests().len(), 6);
    assert_eq!(scene.answer(vera.writes(group, "автобус, как дела")).await.text, "не знаю");
    settled(tg, bot).await;
    assert_eq!(scene.jobs("outcome").await, ["answered", "fallback", "discarded", "fallback"]);
    assert_eq!(scene.jobs("reason").await, ["", "filtered_word", "filtered_word", "filtered_word"]);
    host.stop().await;
}

/// Whatever the checkpoint says, it is made to say something that must not go out.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_is_pinged_and_nothing_is_advertised() {
    let scene = Scene::sqlite().await;
    let letters = "абвгдежзийклмнопрстуфхцчшщъыьэюя";
    let nothing = letters.chars().map(|letter| format!("{{ from: {letter}, to: '' }}"));
    let ping = r#"{ from: ".", to: " пиши @durov на https://evil.example/x или +7 912 345-67-89 " }"#;
    let replace: Vec<_> = nothing.chain([r#"{ from: " ", to: "." }"#.to_owned(), ping.to_owned()]).collect();
    let host = scene.host(&format!("reply: {{ replace: [{}] }}\n", replace.join(", "))).await;
    let said = scene.private(&scene.anna, "расскажи что-нибудь").await;
    assert!(said.contains("пиши durov на"), "{said}");
    for cut in ["@", "https", "evil", "912"] {
        assert!(!said.contains(cut), "{cut} in {said}");
    }
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_is_a_reply_in_plain_text_without_previews() {
    let scene = Scene::sqlite().await;
    let host = scene.host("generation: { max_new_tokens: 60 }\n").await;
    let Scene { bot, boris, group, .. } = &scene;
    let asked = boris.writes(group, "автобус, расскажи что-нибудь");
    let sent = scene.answer(asked).await;
    let field = |name: &str| match sent.params.get(name) {
        Some(serde_json::Value::String(text)) => serde_json::from_str(text).unwrap(),
        other => other.cloned().unwrap_or_default(),
    };
    assert_eq!(field("link_preview_options")["is_disabled"], true);
    assert_eq!(field("reply_parameters")["message_id"], asked.message_id.0);
    assert_eq!(field("reply_parameters")["allow_sending_without_reply"], true);
    assert!(!sent.params.contains_key("parse_mode"), "what looks like markup is text");
    // A reply that is there before the sign has gone out needs none; among a few some are slower.
    let mut last = sent;
    for _ in 0..10 {
        if !bot.chat_actions().is_empty() {
            break;
        }
        last = scene.answer(boris.writes(group, "автобус, а ещё?")).await;
    }
    let typing = bot.chat_actions();
    assert!(typing.iter().all(|action| action.chat_id == group.id() && action.action == "typing"), "{typing:?}");
    assert!(!typing.is_empty() && typing[0].at <= last.at, "shown while it was being made");
    host.stop().await;
}
