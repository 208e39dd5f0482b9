//! Live manifests: whoever isn't concerned doesn't notice, and weights are swapped between replies.

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use maskarad::config::persona::Persona;
use maskarad::config::problem::{Problem, Problems};
use maskarad::generator::GenerateRequest;
use maskarad::live::Character;
use maskarad::reload::Reloader;
use maskarad_engine::{Engine, EngineConfig, Event, Request};
use maskarad_testbed::{Bot, BotSpec, MessageRef, Testbed, User, UserSpec};

use crate::support::database::{TestDatabase, on_both};
use crate::support::host::{Host, SOON, boot, demo_checkpoint, persona, settled};

const SHORT: &str = "generation: { max_new_tokens: 12 }\n";

/// Manifests as they are at the moment; none is a broken one.
type Manifests = Arc<Mutex<Option<Vec<Persona>>>>;

fn reloader(host: &Host, manifests: &Manifests) -> Arc<Reloader> {
    let (engine, manifests) = (host.engine.clone(), Arc::clone(manifests));
    let read = move || -> Result<Vec<Character>, Problems> {
        let personas = manifests.lock().unwrap().clone();
        let broken = || Problems(vec![Problem::of_file(Path::new("broken.yaml"), "name", "expected a name")]);
        Ok(personas.ok_or_else(broken)?.into_iter().map(|persona| boot(&engine, persona)).collect())
    };
    Reloader::new(host.engine.clone(), Arc::clone(&host.fleet), Arc::new(read))
}

/// People who go on writing to some bots until they are told to stop.
struct Talk {
    written: Arc<Mutex<Vec<MessageRef>>>,
    task: tokio::task::JoinHandle<()>,
}

impl Talk {
    fn begin(people: Vec<User>, bots: Vec<Bot>) -> Self {
        let written = Arc::new(Mutex::new(Vec::new()));
        let all = Arc::clone(&written);
        let task = tokio::spawn(async move {
            for round in 0.. {
                for (user, bot) in people.iter().flat_map(|user| bots.iter().map(move |bot| (user, bot))) {
                    all.lock().unwrap().push(user.writes_private(bot, &format!("как дела, говорит {round}")));
                }
                tokio::time::sleep(Duration::from_millis(40)).await;
            }
        });
        Self { written, task }
    }

    fn count(&self) -> usize {
        self.written.lock().unwrap().len()
    }

    async fn goes_on(&self) {
        let before = self.count();
        while self.count() < before + 12 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Ends it, and asserts that everybody's last message to each bot is answered, and none twice.
    async fn end(self, tg: &Testbed, bots: &[&Bot]) {
        self.task.abort();
        let written = self.written.lock().unwrap().clone();
        let mut last = HashMap::new();
        for message in &written {
            last.insert(message.chat_id, *message);
        }
        for message in last.into_values() {
            tg.wait_answer(message, SOON).await.unwrap();
        }
        for bot in bots {
            let mut answered = HashSet::new();
            for sent in settled(tg, bot).await {
                assert!(answered.insert((sent.chat_id, sent.reply_to)), "answered twice: {:?}", sent.reply_to);
            }
        }
    }
}

on_both!(others_talk_on_while_one_comes_one_changes_and_one_goes);

async fn others_talk_on_while_one_comes_one_changes_and_one_goes(database: TestDatabase) {
    let tg = Testbed::start().await.unwrap();
    let bots = ["avtobus", "polkson", "third"].map(|name| tg.add_bot(BotSpec::new(&format!("{name}_bot"))));
    let people: Vec<_> = (0..3).map(|number| tg.add_user(UserSpec::new(&format!("Гость {number}")))).collect();
    let [avtobus, polkson, third] =
        [0, 1, 2].map(|index| persona(["avtobus", "polkson", "third"][index], &bots[index], SHORT));
    let host = Host::start(&tg, database.shared(), vec![avtobus.clone(), polkson.clone()]).await;
    let manifests: Manifests = Arc::default();
    let reloader = reloader(&host, &manifests);
    let live = |name: &str| host.app.roster.all().into_iter().find(|live| live.name.as_str() == name);
    let before = ["avtobus", "polkson"].map(|name| live(name).unwrap());
    let talk = Talk::begin(people.clone(), vec![bots[0].clone(), bots[1].clone()]);
    talk.goes_on().await;

    assert!(reloader.reload().await.is_err(), "a broken manifest is refused");
    talk.goes_on().await;

    let silent = persona("polkson", &bots[1], "generation: { max_new_tokens: 3 }\n");
    *manifests.lock().unwrap() = Some(vec![avtobus.clone(), silent.clone(), third.clone()]);
    let changes = reloader.reload().await.unwrap_or_else(|problems| panic!("{problems}"));
    let names = |names: &[maskarad::chat::PersonaName]| names.iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(
        (names(&changes.added), names(&changes.changed)),
        (vec!["third".to_owned()], vec!["polkson".to_owned()])
    );
    assert!(changes.restarted.is_empty() && changes.removed.is_empty());
    let asked = people[0].writes_private(&bots[2], "а ты кто");
    tg.wait_answer(asked, SOON).await.unwrap();
    talk.goes_on().await;
    for (name, before) in ["avtobus", "polkson"].iter().zip(&before) {
        assert!(Arc::ptr_eq(&live(name).unwrap(), before), "{name} came up again");
    }
    let changed = live("polkson").unwrap().persona();
    assert_eq!(changed.generation.max_new_tokens, 3);

    *manifests.lock().unwrap() = Some(vec![avtobus, silent]);
    let changes = reloader.reload().await.unwrap_or_else(|problems| panic!("{problems}"));
    assert_eq!(names(&changes.removed), ["third"]);
    assert!(live("third").is_none() && host.readyz().await.1["personas"].get("third").is_none());
    talk.goes_on().await;
    talk.end(&tg, &[&bots[0], &bots[1]]).await;
    host.stop().await;
}

on_both!(another_token_brings_it_up_again_and_nothing_is_lost);

async fn another_token_brings_it_up_again_and_nothing_is_lost(database: TestDatabase) {
    let tg = Testbed::start().await.unwrap();
    let bots = ["avtobus", "avtobus_new"].map(|name| tg.add_bot(BotSpec::new(&format!("{name}_bot"))));
    let ann = tg.add_user(UserSpec::new("Анна"));
    let host = Host::start(&tg, database.shared(), vec![persona("avtobus", &bots[0], SHORT)]).await;
    let manifests: Manifests = Arc::new(Mutex::new(Some(vec![persona("avtobus", &bots[1], SHORT)])));
    tg.wait_answer(ann.writes_private(&bots[0], "привет"), SOON).await.unwrap();
    let changes = reloader(&host, &manifests).reload().await.unwrap_or_else(|problems| panic!("{problems}"));
    assert_eq!(changes.restarted.len(), 1);
    tg.wait_answer(ann.writes_private(&bots[1], "и снова привет"), SOON).await.unwrap();
    host.stop().await;
}

/// Asserts that all attempts at a reply were made with the same weights, that both were in use, and that each reply is, to the
/// letter, what these weights say alone to the same prompt: so that no token of it is of others.
async fn no_reply_mixes_two(host: &Host, database: &TestDatabase, personas: [Persona; 2]) {
    let alone = Engine::start(EngineConfig { threads: 2, ..EngineConfig::default() }).unwrap();
    let characters = personas.map(|persona| boot(&alone, persona));
    let mut requests: HashMap<i64, Vec<GenerateRequest>> = HashMap::new();
    for request in host.requests() {
        requests.entry(request.job).or_default().push(request);
    }
    let mut compared = HashMap::new();
    for (job, attempts) in requests {
        let last = attempts.last().unwrap();
        assert!(attempts.iter().all(|attempt| attempt.model == last.model), "job {job} was tried with two models");
        let reply = format!("select reply from jobs where id = {job} and outcome = 'answered'");
        let [reply]: [_; 1] = database.sql(&reply).await.try_into().unwrap();
        let character = characters.iter().find(|character| character.voice.model.key() == last.model).unwrap();
        let said = says(&alone, last).await;
        let said = maskarad::reply::clean(&character.persona, &character.voice.markers, &said);
        assert_eq!(said, maskarad::reply::Outcome::Text(reply.unwrap()), "job {job}");
        *compared.entry(last.model).or_insert(0) += 1;
    }
    println!("replies made again alone, by model: {compared:?}");
    assert_eq!(compared.len(), 2, "both spoke");
}

async fn says(engine: &Engine, request: &GenerateRequest) -> String {
    let GenerateRequest { model, prompt, generation, .. } = request.clone();
    let mut events = engine.generate(Request { model, prompt, generation, want_logits: false }).unwrap();
    loop {
        match events.next().await {
            Some(Event::Finished(finished)) => return finished.text.unwrap_or_default(),
            Some(Event::Token { .. }) => {}
            other => panic!("{other:?}"),
        }
    }
}

on_both!(weights_are_swapped_between_replies_and_the_old_ones_go);

async fn weights_are_swapped_between_replies_and_the_old_ones_go(database: TestDatabase) {
    let tg = Testbed::start().await.unwrap();
    let bot = tg.add_bot(BotSpec::new("avtobus_bot"));
    let people: Vec<_> = (0..4).map(|number| tg.add_user(UserSpec::new(&format!("Гость {number}")))).collect();
    let long = "generation: { max_new_tokens: 40 }\n";
    let with = |precision: &str| {
        persona("avtobus", &bot, &format!("model: {{ path: {:?}, precision: {precision} }}\n{long}", demo_checkpoint()))
    };
    let host = Host::start(&tg, database.shared(), vec![with("f32")]).await;
    let memory = host.engine.weights_memory();
    let manifests: Manifests = Arc::default();
    let reloader = reloader(&host, &manifests);
    let talk = Talk::begin(people, vec![bot.clone()]);
    for precision in ["int8", "f32", "int8", "f32"] {
        talk.goes_on().await;
        *manifests.lock().unwrap() = Some(vec![with(precision)]);
        let changes = reloader.reload().await.unwrap_or_else(|problems| panic!("{problems}"));
        assert_eq!(changes.changed.len(), 1);
        // However busy the machine is, each of them is to speak.
        let asked = host.requests().len();
        host.until(|host| host.requests().len() > asked).await;
    }
    talk.end(&tg, &[&bot]).await;
    no_reply_mixes_two(&host, &database, ["int8", "f32"].map(with)).await;
    host.until(|host| host.engine.loaded_models().len() == 1).await;
    assert_eq!(host.engine.weights_memory(), memory, "memory returns to its level");
    let failed =
        "select cast(count(*) as text) from jobs where outcome not in ('answered', 'shared') or reason is not null";
    assert_eq!(database.sql(failed).await, [Some("0".to_owned())], "no reply was lost to the swap");
    host.stop().await;
}
