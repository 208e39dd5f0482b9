//! More is asked than can be answered: nobody waits in vain without knowing, and nobody is told twice.

use std::time::Duration;

use maskarad::app::Limits;
use maskarad::load::Bounds;
use maskarad::pacing::Guides;
use maskarad_testbed::{Fault, FaultSpec};

use super::scene::Scene;
use crate::support::database::{TestDatabase, on_both};
use crate::support::host::{Host, SOON, persona, settled};

on_both!(a_daemon_that_is_full_says_so_once_and_recovers, updates_of_one_chat_keep_their_order);

async fn a_daemon_that_is_full_says_so_once_and_recovers(database: TestDatabase) {
    let scene = Scene::new(database).await;
    let bounds = Bounds { directed: 3, ..Bounds::default() };
    let limits = Limits { guides: Guides::NONE, bounds, ..Limits::default() };
    let personas = vec![persona("avtobus", &scene.bot, "generation: { max_new_tokens: 16 }\n")];
    let host = Host::start_within(&scene.tg, scene.database.shared(), personas, limits).await;
    // Replies can't leave, so whoever writes again waits.
    let stuck = scene.tg.fault(FaultSpec::new(Fault::ServerError(500)).method("sendMessage"));
    let mut first = Vec::new();
    for user in [&scene.anna, &scene.boris, &scene.vera] {
        first.push(user.writes_private(&scene.bot, "раз"));
    }
    scene.tg.wait_until(SOON, |_| stuck.fired() >= 3).await.unwrap();
    for user in [&scene.anna, &scene.boris, &scene.vera] {
        first.push(user.writes_private(&scene.bot, "два"));
    }
    host.until(|host| host.app.load.is_full()).await;
    let turned_away = [scene.anna.writes_private(&scene.bot, "три"), scene.anna.writes_private(&scene.bot, "четыре")];
    tokio::time::sleep(Duration::from_secs(1)).await;
    stuck.clear();
    for message in &first {
        scene.answer(*message).await;
    }
    settled(&scene.tg, &scene.bot).await;
    let told: Vec<_> = turned_away.iter().flat_map(|message| scene.tg.answers_to(*message)).collect();
    assert!(told.len() == 1 && told[0].text.contains("не успеваю"), "{told:?}");
    host.until(|host| !host.app.load.is_full()).await;
    scene.private(&scene.anna, "пять").await;
    host.stop().await;
}

async fn updates_of_one_chat_keep_their_order(database: TestDatabase) {
    let scene = Scene::new(database).await;
    // A backlog of one chat, in which commands change what the messages between them mean.
    let insane = |text: &str| scene.anna.writes(&scene.group, &format!("/insanity@{} {text}", scene.bot.username()));
    let mut quiet = Vec::new();
    for round in 0..5 {
        insane("on");
        scene.boris.writes(&scene.group, &format!("слышно {round}"));
        insane("off");
        quiet.push(scene.boris.writes(&scene.group, &format!("не слышно {round}")));
    }
    let host = scene.host("").await;
    settled(&scene.tg, &scene.bot).await;
    scene.silence(quiet).await;
    let triggers = scene.jobs("trigger_kind").await;
    assert_eq!(triggers.iter().filter(|trigger| *trigger == "insanity").count(), 5, "{triggers:?}");
    let texts = scene.database.sql("select text from messages where author_id is not null order by seq").await;
    let spoken: Vec<_> = texts.into_iter().flatten().filter(|text| text.contains("слышно")).collect();
    let expected: Vec<_> = (0..5).flat_map(|round| [format!("слышно {round}"), format!("не слышно {round}")]).collect();
    assert_eq!(spoken, expected);
    host.stop().await;
}
