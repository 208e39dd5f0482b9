//! End to end on both databases: who is answered, who isn't, and what survives.

use maskarad_testbed::{BotSpec, Testbed, UserSpec};

use crate::support::database::{TestDatabase, on_both};
use crate::support::host::{Host, SOON, persona, settled};

const QUIET: &str = "triggers: { names: [автобус, бас] }\nwho_may_toggle: admins\ngeneration: { max_new_tokens: 12 }\n";
const OTHER: &str = "triggers: { names: [полксон] }\ngeneration: { max_new_tokens: 12 }\n";

/// Two personas in one group of two people.
struct Scene {
    tg: Testbed,
    avtobus: maskarad_testbed::Bot,
    polkson: maskarad_testbed::Bot,
    anna: maskarad_testbed::User,
    boris: maskarad_testbed::User,
    group: maskarad_testbed::Group,
    database: TestDatabase,
}

impl Scene {
    async fn new(database: TestDatabase) -> Self {
        let tg = Testbed::start().await.unwrap();
        let avtobus = tg.add_bot(BotSpec::new("avtobus_bot").privacy(false));
        let polkson = tg.add_bot(BotSpec::new("polkson_bot").privacy(false));
        let anna = tg.add_user(UserSpec::new("Анна").username("anna"));
        let boris = tg.add_user(UserSpec::new("Борис").username("boris"));
        let group = tg.add_supergroup("Друзья");
        for user in [&anna, &boris] {
            group.join(user);
        }
        group.promote(&anna);
        group.add_bot(&avtobus, &anna);
        group.add_bot(&polkson, &anna);
        Self { tg, avtobus, polkson, anna, boris, group, database }
    }

    async fn host(&self) -> Host {
        let personas = vec![persona("avtobus", &self.avtobus, QUIET), persona("polkson", &self.polkson, OTHER)];
        Host::start(&self.tg, self.database.shared(), personas).await
    }
}

on_both!(
    every_trigger_fires_and_only_when_it_should,
    insanity_belongs_to_administrators,
    context_length_and_reset_change_the_prompt,
    state_survives_a_restart_and_two_personas_have_two_states,
);

async fn every_trigger_fires_and_only_when_it_should(database: TestDatabase) {
    let scene = Scene::new(database).await;
    let host = scene.host().await;
    let Scene { tg, avtobus, polkson, boris, group, .. } = &scene;
    let nobody = boris.writes(group, "просто разговор про погоду");
    let mention = boris.writes(group, "скажи, @Avtobus_Bot, где ты");
    let answer = tg.wait_answer(mention, SOON).await.unwrap();
    assert_eq!(answer.bot, avtobus.id());
    // One after another: what one person says while a reply is being made may be answered together.
    let reply = boris.replies(answer.message(), "почему?");
    assert_eq!(tg.wait_answer(reply, SOON).await.unwrap().bot, avtobus.id());
    let name = boris.writes(group, "Автобус, ты где?");
    assert_eq!(tg.wait_answer(name, SOON).await.unwrap().bot, avtobus.id());
    let other = boris.writes(group, "как дела, полксон?");
    assert_eq!(tg.wait_answer(other, SOON).await.unwrap().bot, polkson.id());
    let private = boris.writes_private(avtobus, "привет");
    assert_eq!(tg.wait_answer(private, SOON).await.unwrap().bot, avtobus.id());
    let similar = boris.writes(group, "@avtobus_bot2 автобусы стоят");
    settled(tg, avtobus).await;
    settled(tg, polkson).await;
    for message in [nobody, similar] {
        assert!(tg.answers_to(message).is_empty(), "nobody was called");
    }
    for message in [mention, reply, name, other, private] {
        assert_eq!(tg.answers_to(message).len(), 1, "one answer, of the persona that was called");
    }
    for sent in tg.sent_by(avtobus).into_iter().chain(tg.sent_by(polkson)) {
        let units = sent.text.encode_utf16().count();
        assert!((1..=4096).contains(&units), "{units} units");
    }
    assert!(host.requests().iter().all(|request| request.generation.max_new_tokens <= 128));
    let asked = |text: &str| host.prompts().iter().any(|prompt| prompt.ends_with(&format!("{text} @@ВТОРОЙ@@")));
    assert!(asked("ты где?") && !asked("Автобус, ты где?"), "the name that called is cut");
    assert!(asked("скажи, где ты") && !asked("@Avtobus_Bot, где ты"), "and so is the mention");
    host.stop().await;
}

async fn insanity_belongs_to_administrators(database: TestDatabase) {
    let scene = Scene::new(database).await;
    let host = scene.host().await;
    let Scene { tg, avtobus, polkson, anna, boris, group, .. } = &scene;
    let refused = boris.writes(group, "/insanity@avtobus_bot on");
    tg.wait_answer(refused, SOON).await.unwrap();
    let before = boris.writes(group, "это ещё никому");
    settled(tg, avtobus).await;
    assert!(tg.answers_to(before).is_empty(), "a member may not switch insanity on");

    let on = anna.writes(group, "/insanity@avtobus_bot on");
    tg.wait_answer(on, SOON).await.unwrap();
    let heard = boris.writes(group, "а теперь отвечают всем");
    assert_eq!(tg.wait_answer(heard, SOON).await.unwrap().bot, avtobus.id());
    assert!(tg.sent_by(polkson).is_empty(), "the other persona has its own state");

    let off = anna.writes(group, "/insanity@avtobus_bot off");
    tg.wait_answer(off, SOON).await.unwrap();
    let unheard = boris.writes(group, "снова тишина");
    settled(tg, avtobus).await;
    assert!(tg.answers_to(unheard).is_empty());
    host.stop().await;
}

async fn context_length_and_reset_change_the_prompt(database: TestDatabase) {
    let scene = Scene::new(database).await;
    let host = scene.host().await;
    let Scene { tg, avtobus, anna, .. } = &scene;
    let say = async |text: &str| {
        let message = anna.writes_private(avtobus, text);
        tg.wait_answer(message, SOON).await.unwrap();
    };
    say("первое слово").await;
    say("второе слово").await;
    let prompt = host.prompts().pop().unwrap();
    assert!(prompt.contains("первое слово") && prompt.contains("второе слово"), "{prompt}");

    say("/context 0").await;
    say("третье слово").await;
    let prompt = host.prompts().pop().unwrap();
    assert_eq!(prompt, "@@ПЕРВЫЙ@@ третье слово @@ВТОРОЙ@@");

    say("/context 50").await;
    say("четвёртое слово").await;
    let prompt = host.prompts().pop().unwrap();
    assert!(prompt.contains("первое слово") && prompt.contains("третье слово"), "{prompt}");
    assert!(!prompt.contains("/context"), "commands are no conversation: {prompt}");

    say("/reset").await;
    say("пятое слово").await;
    assert_eq!(host.prompts().pop().unwrap(), "@@ПЕРВЫЙ@@ пятое слово @@ВТОРОЙ@@");
    host.stop().await;
}

async fn state_survives_a_restart_and_two_personas_have_two_states(database: TestDatabase) {
    let scene = Scene::new(database).await;
    let host = scene.host().await;
    let Scene { tg, avtobus, polkson, anna, .. } = &scene;
    for (bot, text) in [(avtobus, "меня зовут Анна"), (avtobus, "/context 7"), (polkson, "я другая")]
    {
        let message = anna.writes_private(bot, text);
        tg.wait_answer(message, SOON).await.unwrap();
    }
    host.stop().await;
    let offline = anna.writes_private(avtobus, "пока тебя не было");

    let host = scene.host().await;
    tg.wait_answer(offline, SOON).await.unwrap();
    let prompt = host.prompts().pop().unwrap();
    assert!(prompt.contains("меня зовут Анна"), "history survives: {prompt}");
    assert!(!prompt.contains("я другая"), "the same chat id with two personas is two states: {prompt}");
    let asked = anna.writes_private(avtobus, "/context");
    let answer = tg.wait_answer(asked, SOON).await.unwrap();
    assert!(answer.text.contains('7'), "settings survive: {}", answer.text);
    let asked = anna.writes_private(polkson, "/context");
    let answer = tg.wait_answer(asked, SOON).await.unwrap();
    assert!(!answer.text.contains('7'), "and are the persona's own: {}", answer.text);
    host.stop().await;
}
