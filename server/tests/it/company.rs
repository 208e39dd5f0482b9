//! Many chats at once: everybody is answered, company changes no word, and shared files are loaded once.

use std::collections::HashMap;

use maskarad::reply;
use maskarad_engine::{Engine, EngineConfig, Event, Finished, Precision, Request};
use maskarad_testbed::{BotSpec, Testbed, UserSpec};

use crate::support::database::{TestDatabase, on_both};
use crate::support::host::{Host, SOON, demo_checkpoint, persona};

const CHATS: usize = 16;
const SAMPLED: &str = "generation: { max_new_tokens: 32, temperature: 0.9, top_k: 40, repetition_penalty: 1.2 }\n\
     model: { path: PATH, precision: f32 }\n";

on_both!(sixteen_chats_say_what_each_would_say_alone);

async fn sixteen_chats_say_what_each_would_say_alone(database: TestDatabase) {
    let tg = Testbed::start().await.unwrap();
    let bots = ["avtobus", "polkson"].map(|name| tg.add_bot(BotSpec::new(&format!("{name}_bot"))));
    let manifest = SAMPLED.replace("PATH", &format!("{:?}", demo_checkpoint()));
    let personas = vec![persona("avtobus", &bots[0], &manifest), persona("polkson", &bots[1], &manifest)];
    let host = Host::start(&tg, database.shared(), personas.clone()).await;
    assert_eq!(host.engine.loaded_models().len(), 1, "two personas, one checkpoint, one copy");
    assert_eq!(host.models()[0].key(), host.models()[1].key());

    let asked: Vec<_> = (0..CHATS)
        .map(|chat| {
            let user = tg.add_user(UserSpec::new(&format!("Гость {chat}")));
            user.writes_private(&bots[chat % 2], &format!("Расскажи про номер {chat}, что там было?"))
        })
        .collect();
    let mut said = Vec::new();
    for message in &asked {
        said.push(tg.wait_answer(*message, SOON).await.unwrap().text);
    }
    said.sort();

    // The last generation of each job is the one that was sent, unless all were discarded.
    let last: HashMap<i64, Request> = host
        .requests()
        .into_iter()
        .map(|request| {
            let alone = Request {
                model: request.model,
                prompt: request.prompt,
                generation: request.generation,
                want_logits: false,
            };
            (request.job, alone)
        })
        .collect();
    assert_eq!(last.len(), CHATS);
    host.stop().await;

    let engine = Engine::start(EngineConfig { threads: 2, ..EngineConfig::default() }).unwrap();
    let model = engine.load(&demo_checkpoint(), Precision::F32).unwrap();
    let voice = maskarad::live::Voice::new(&personas[0], model, &engine).unwrap();
    let mut alone: Vec<String> = Vec::new();
    for request in last.into_values() {
        let finished = tokio::task::block_in_place(|| generate(&engine, request));
        alone.push(match reply::clean(&personas[0], &voice.markers, &finished.text.unwrap()) {
            reply::Outcome::Text(text) => text,
            reply::Outcome::Discard(_) => personas[0].reply.fallback.clone(),
        });
    }
    alone.sort();
    assert_eq!(said, alone, "each reply is what its seed gives alone");
    engine.shutdown();
}

fn generate(engine: &Engine, request: Request) -> Finished {
    let mut generation = engine.generate(request).unwrap();
    loop {
        match generation.blocking_next().expect("a generation ends with Finished") {
            Event::Finished(finished) => return finished,
            Event::Token { .. } => {}
            Event::Failed(error) => panic!("{error}"),
        }
    }
}
