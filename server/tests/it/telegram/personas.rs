//! Two personas: what befalls one never stops or slows the other.

use std::time::{Duration, Instant};

use maskarad_testbed::{Bot, BotSpec, Fault, FaultSpec, Testbed, User, UserSpec};

use super::scene::{short, sqlite};
use crate::support::database::TestDatabase;
use crate::support::host::{Host, SOON, persona, settled};

struct Pair {
    tg: Testbed,
    unlucky: Bot,
    lucky: Bot,
    database: TestDatabase,
}

impl Pair {
    async fn new() -> Self {
        let tg = Testbed::start().await.unwrap();
        let [unlucky, lucky] = ["unlucky_bot", "lucky_bot"].map(|name| tg.add_bot(BotSpec::new(name).privacy(false)));
        Self { tg, unlucky, lucky, database: sqlite().await }
    }

    async fn host(&self) -> Host {
        let personas = [("unlucky", &self.unlucky), ("lucky", &self.lucky)];
        let personas = personas.map(|(name, bot)| persona(name, bot, &short("")));
        Host::start(&self.tg, self.database.shared(), personas.into()).await
    }

    fn user(&self, name: &str) -> User {
        self.tg.add_user(UserSpec::new(name))
    }

    async fn answered(&self, user: &User, bot: &Bot) {
        self.tg.wait_answer(user.writes_private(bot, "привет"), SOON).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_revoked_token_stops_one_persona_alone() {
    let pair = Pair::new().await;
    let host = pair.host().await;
    let anna = pair.user("Анна");
    pair.answered(&anna, &pair.unlucky).await;
    pair.tg.revoke(&pair.unlucky);
    let lost = anna.writes_private(&pair.unlucky, "ты где?");
    host.until(|host| host.app.roster.keys().len() == 1).await;
    pair.answered(&anna, &pair.lucky).await;
    settled(&pair.tg, &pair.lucky).await;
    assert!(pair.tg.answers_to(lost).is_empty());
    assert_eq!(host.app.roster.keys()[0].persona.as_str(), "lucky");
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_of_one_persona_does_not_slow_the_other() {
    let pair = Pair::new().await;
    let host = pair.host().await;
    let flood = FaultSpec::new(Fault::TooManyRequests { retry_after: 20 }).method("sendMessage").bot(&pair.unlucky);
    let flood = pair.tg.fault(flood);
    let flooded = host.app.limits.sends_at_once;
    for number in 0..flooded {
        pair.user(&format!("Гость {number}")).writes_private(&pair.unlucky, "привет");
    }
    pair.tg.wait_until(SOON, |_| usize::try_from(flood.fired()).unwrap() == flooded).await.unwrap();
    let since = Instant::now();
    pair.answered(&pair.user("Анна"), &pair.lucky).await;
    assert!(since.elapsed() < Duration::from_secs(5), "the other persona waited {:?}", since.elapsed());
    assert_eq!(usize::try_from(flood.fired()).unwrap(), flooded, "and nobody was tried again before their time");
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_that_calls_both_is_answered_by_both() {
    let pair = Pair::new().await;
    let host = pair.host().await;
    let anna = pair.user("Анна");
    let group = pair.tg.add_supergroup("Друзья");
    group.add_bot(&pair.unlucky, &anna);
    group.add_bot(&pair.lucky, &anna);
    let both = anna.writes(&group, "@lucky_bot и @unlucky_bot, вы где?");
    pair.tg.wait_until(SOON, |tg| tg.answers_to(both).len() == 2).await.unwrap();
    let mut bots: Vec<_> = pair.tg.answers_to(both).iter().map(|sent| sent.bot).collect();
    bots.sort_unstable();
    let mut expected = [pair.unlucky.id(), pair.lucky.id()];
    expected.sort_unstable();
    assert_eq!(bots, expected);
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_persona_with_another_bot_hears_messages_of_the_same_number() {
    let Pair { tg, unlucky: old, lucky: new, database } = Pair::new().await;
    let anna = tg.add_user(UserSpec::new("Анна"));
    for bot in [&old, &new] {
        let host = Host::start(&tg, database.shared(), vec![persona("avtobus", bot, &short(""))]).await;
        for text in ["раз", "два"] {
            let message = anna.writes_private(bot, &format!("{text} {}", bot.username()));
            tg.wait_answer(message, SOON).await.unwrap();
        }
        host.stop().await;
    }
    let heard = database.sql("select text from messages where author_id is not null order by seq").await;
    let heard: Vec<_> = heard.into_iter().flatten().collect();
    assert_eq!(heard, ["раз unlucky_bot", "два unlucky_bot", "раз lucky_bot", "два lucky_bot"]);
}
