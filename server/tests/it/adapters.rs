//! Two personas on one base: each wears its own adapter, both are answered at once, and the base lies in memory once.

use std::collections::HashSet;
use std::path::Path;

use maskarad_engine::ModelConfig;
use maskarad_engine::synthetic::{Shape, write_adapter};
use maskarad_testbed::{BotSpec, Testbed, UserSpec};

use crate::support::database::{TestDatabase, on_both};
use crate::support::host::{Host, SOON, demo_checkpoint, persona};

const NAMES: [&str; 2] = ["avtobus", "polkson"];

on_both!(personas_with_adapters_share_a_base_and_no_words);

async fn personas_with_adapters_share_a_base_and_no_words(database: TestDatabase) {
    let tg = Testbed::start().await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let bots = NAMES.map(|name| tg.add_bot(BotSpec::new(&format!("{name}_bot"))));
    let personas = [0, 1].map(|index| {
        let adapter = folder.path().join(NAMES[index]);
        write_adapter(&adapter, demo_shape(), 8, index as u64).unwrap();
        persona(NAMES[index], &bots[index], &manifest(&adapter))
    });
    let host = Host::start(&tg, database.shared(), personas.to_vec()).await;
    let [avtobus, polkson] = host.models() else { panic!("two personas") };
    assert!(avtobus.shares_base(polkson) && !avtobus.is_same(polkson));
    assert_eq!((host.engine.loaded_bases(), host.engine.loaded_models().len()), (1, 2));
    let adapters = avtobus.adapter_memory() + polkson.adapter_memory();
    assert_eq!(host.engine.weights_memory(), avtobus.memory() + adapters);
    assert!(adapters < avtobus.memory() / 2, "{adapters} of {}", avtobus.memory());

    let asked: Vec<_> = (0..8)
        .map(|chat| {
            let user = tg.add_user(UserSpec::new(&format!("Гость {chat}")));
            user.writes_private(&bots[chat % 2], "Расскажи, что там было?")
        })
        .collect();
    let mut said = [HashSet::new(), HashSet::new()];
    for (chat, message) in asked.iter().enumerate() {
        said[chat % 2].insert(tg.wait_answer(*message, SOON).await.unwrap().text);
    }
    assert!(said.iter().all(|said| said.len() == 1), "one question, one greedy answer: {said:?}");
    assert!(said[0].is_disjoint(&said[1]), "the same question, two voices: {said:?}");
    let keys: HashSet<_> = host.requests().iter().map(|request| request.model).collect();
    assert_eq!(keys, HashSet::from([avtobus.key(), polkson.key()]));
    host.stop().await;
}

fn manifest(adapter: &Path) -> String {
    format!(
        "generation: {{ max_new_tokens: 24, do_sample: false }}\n\
         model: {{ path: {:?}, adapter: {adapter:?}, precision: int8 }}\n",
        demo_checkpoint()
    )
}

fn demo_shape() -> Shape {
    let path = demo_checkpoint().join("config.json");
    let config = ModelConfig::parse(&path, &std::fs::read(&path).unwrap()).unwrap();
    Shape {
        n_positions: config.n_positions,
        vocab_size: config.vocab_size,
        n_embd: config.n_embd,
        n_layer: config.n_layer,
        n_head: config.n_head,
    }
}
