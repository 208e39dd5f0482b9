//! Forgetting while the daemon talks: nothing comes back.

use maskarad::chat::{ChatId, UserId};
use maskarad::store::{Forget, Forgotten, Subject};
use maskarad::telegram::update::trace;
use time::OffsetDateTime;

use super::scene::Scene;
use crate::support::contents::{rows, tables};
use crate::support::database::{TestDatabase, on_both};
use crate::support::host::settled;

on_both!(a_person_is_forgotten_in_the_middle_of_a_talk, settings_are_not_written_back);

async fn forget(scene: &Scene, subject: Subject) -> Forgotten {
    let forget = Forget { subject, persona: None, transport: None };
    scene.database.store().forget(&forget, &trace, OffsetDateTime::now_utc()).await.unwrap()
}

/// Rows that hold one of these.
async fn holding(scene: &Scene, traces: &[String]) -> Vec<String> {
    let (backend, url) = (scene.database.backend(), scene.database.url());
    let all = rows(backend, url, &tables(backend, url).await).await;
    all.into_iter().filter(|row| traces.iter().any(|trace| row.contains(trace))).collect()
}

async fn a_person_is_forgotten_in_the_middle_of_a_talk(database: TestDatabase) {
    let scene = Scene::new(database).await;
    let host = scene.host("").await;
    let Scene { tg, bot, boris, vera, group, .. } = &scene;
    scene.private(boris, "мой пароль — баобаб").await;
    scene.answer(boris.writes(group, "автобус, запомни: баобаб")).await;
    let hers = vera.writes(group, "автобус, а моё слово — сирень");
    scene.answer(hers).await;
    // A reply to him is under way, and accepted, while he is forgotten.
    scene.hold();
    let held = boris.writes_private(bot, "ещё раз: баобаб");
    scene.answer(held).await;
    let forgotten = forget(&scene, Subject::User(UserId(boris.id().0))).await;
    assert!(forgotten.messages >= 5 && forgotten.jobs == 3, "{forgotten:?}");
    settled(tg, bot).await;
    scene.jobs("id").await;
    let traces = [boris.id().to_string(), "Борис".to_owned(), "баобаб".to_owned()];
    assert_eq!(holding(&scene, &traces).await, [""; 0]);
    assert!(!holding(&scene, &["сирень".to_owned()]).await.is_empty(), "Vera is remembered");

    let before = host.prompts().len();
    scene.private(boris, "что ты обо мне знаешь?").await;
    scene.answer(vera.writes(group, "автобус, а обо мне?")).await;
    let prompts = host.prompts().split_off(before);
    assert!(prompts.len() == 2 && prompts[1].contains("сирень"), "{prompts:?}");
    assert!(!prompts.iter().any(|prompt| prompt.contains("баобаб")), "{prompts:?}");
    host.stop().await;
}

/// The daemon remembers settings for a while; what it writes meanwhile must not bring them back.
async fn settings_are_not_written_back(database: TestDatabase) {
    let scene = Scene::new(database).await;
    let host = scene.host("").await;
    let Scene { tg, bot, anna, boris, group, .. } = &scene;
    scene.command("/chance 37").await;
    scene.answer(boris.writes(group, "автобус, привет")).await;
    forget(&scene, Subject::Chat(ChatId(group.id().0))).await;
    assert_eq!(scene.database.store().settings(&scene.key(group.id())).await.unwrap(), None);
    group.remove_bot(bot, anna);
    settled(tg, bot).await;
    let removed = scene.database.store().settings(&scene.key(group.id())).await.unwrap().unwrap();
    assert_eq!((removed.chance, removed.active), (None, false));
    // The same for a chat that opens again.
    group.add_bot(bot, anna);
    scene.command("/chance 37").await;
    group.remove_bot(bot, anna);
    settled(tg, bot).await;
    scene.is_active(group.id()).await;
    forget(&scene, Subject::Chat(ChatId(group.id().0))).await;
    group.add_bot(bot, anna);
    scene.answer(boris.writes(group, "автобус, снова привет")).await;
    let again = scene.database.store().settings(&scene.key(group.id())).await.unwrap();
    assert_eq!(again.and_then(|settings| settings.chance), None);
    host.stop().await;
}
