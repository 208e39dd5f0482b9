//! Telegram's pace is kept before Telegram has to say so, and what comes meanwhile is answered together.

use std::time::Duration;

use maskarad::pacing::Guides;
use maskarad_testbed::{Limits, Outcome, RequestRecord};

use super::scene::Scene;
use crate::support::database::{TestDatabase, on_both};
use crate::support::host::{Host, SOON, persona};

on_both!(a_burst_in_insanity_mode_is_coalesced_and_never_refused, a_flood_of_mentions_is_answered_without_a_refusal);

/// A daemon at Telegram's pace, before an emulator that insists on it.
async fn paced(scene: &Scene, manifest: &str) -> Host {
    scene.tg.set_limits(Limits::Telegram);
    let manifest = format!("generation: {{ max_new_tokens: 16 }}\n{manifest}");
    let personas = vec![persona("avtobus", &scene.bot, &manifest)];
    Host::start_paced(&scene.tg, scene.database.shared(), personas, Guides::default()).await
}

fn sends(scene: &Scene) -> Vec<RequestRecord> {
    scene.bot.requests_of("sendMessage")
}

fn none_was_refused(scene: &Scene) {
    let refused: Vec<_> = sends(scene).into_iter().filter(|call| call.outcome == Outcome::Answered(429)).collect();
    assert!(refused.is_empty(), "{refused:?}");
}

async fn a_burst_in_insanity_mode_is_coalesced_and_never_refused(database: TestDatabase) {
    let scene = Scene::new(database).await;
    let host = paced(&scene, "chat_defaults: { insanity: true }\n").await;
    let mut last = None;
    for number in 0..30 {
        last = Some(scene.boris.writes(&scene.group, &format!("сообщение номер {number}")));
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    scene.answer(last.unwrap()).await;
    let outcomes = scene.jobs("outcome").await;
    let answered = outcomes.iter().filter(|outcome| *outcome == "answered").count();
    let coalesced = outcomes.iter().filter(|outcome| *outcome == "coalesced").count();
    assert_eq!((outcomes.len(), answered + coalesced), (30, 30), "{outcomes:?}");
    assert!((2..=7).contains(&answered), "three seconds have room for about four: {outcomes:?}");
    none_was_refused(&scene);
    host.stop().await;
}

async fn a_flood_of_mentions_is_answered_without_a_refusal(database: TestDatabase) {
    let scene = Scene::new(database).await;
    let host = paced(&scene, "").await;
    let people = [&scene.anna, &scene.boris, &scene.vera];
    let mentions: Vec<_> = people
        .iter()
        .flat_map(|user| [user.writes(&scene.group, "@avtobus_bot раз"), user.writes_private(&scene.bot, "два")])
        .collect();
    for mention in mentions {
        scene.tg.wait_answer(mention, SOON).await.unwrap();
    }
    let of_group = |call: &RequestRecord| call.params["chat_id"] == serde_json::json!(scene.group.id().0);
    let times: Vec<_> = sends(&scene).iter().filter(|call| of_group(call)).map(|call| call.at).collect();
    assert!(times.windows(2).all(|pair| pair[1].duration_since(pair[0]).unwrap() >= Duration::from_millis(990)));
    let took = times[2].duration_since(times[0]).unwrap();
    assert!(took < Duration::from_secs(6), "no slower than needed: {took:?}");
    none_was_refused(&scene);
    host.stop().await;
}
