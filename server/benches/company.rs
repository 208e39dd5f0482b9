//! Sixteen chats with two personas at once against sixteen single replies, through the whole daemon: emulator, SQLite,
//! queue, engine, delivery. On a random checkpoint of full size in f32, with the demo checkpoint's tokenizer.
#![expect(clippy::print_stdout, reason = "the table is what a benchmark is for")]

#[path = "../tests/it/support/host.rs"]
#[expect(dead_code, clippy::unwrap_used, reason = "the tests' daemon, of which a benchmark needs only a part")]
mod host;

use std::path::Path;
use std::time::{Duration, Instant};

use host::{Host, demo_checkpoint, persona};
use maskarad::store::{self, Location};
use maskarad_engine::synthetic::{Shape, write_checkpoint};
use maskarad_testbed::{BotSpec, Testbed, User, UserSpec};

const CHATS: usize = 16;
const SINGLES: usize = 4;
const NEW_TOKENS: usize = 64;
const PATIENCE: Duration = Duration::from_secs(600);

fn main() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    checkpoint(folder.path());
    let runtime = tokio::runtime::Runtime::new().expect("a runtime can be started");
    runtime.block_on(compare(folder.path()));
}

/// A full-size checkpoint whose ids the demo tokenizer can read; the rows beyond it are never decoded to text.
fn checkpoint(folder: &Path) {
    write_checkpoint(folder, Shape::RUGPT3_SMALL, 1).expect("the checkpoint can be written");
    for file in ["tokenizer.json", "tokenizer_config.json", "special_tokens_map.json"] {
        std::fs::copy(demo_checkpoint().join(file), folder.join(file)).expect("the tokenizer can be copied");
    }
}

async fn compare(checkpoint: &Path) {
    let tg = Testbed::start().await.expect("the emulator starts");
    let bots = ["avtobus", "polkson"].map(|name| tg.add_bot(BotSpec::new(&format!("{name}_bot"))));
    // Random weights say unreadable things: any reply of full length will do, the fallback included.
    let manifest = format!(
        "model: {{ path: {checkpoint:?}, precision: f32 }}\n\
         generation: {{ max_new_tokens: {NEW_TOKENS}, do_sample: true }}\n"
    );
    let personas = vec![persona("avtobus", &bots[0], &manifest), persona("polkson", &bots[1], &manifest)];
    let location = Location::Sqlite(checkpoint.join("bench.db"));
    let store = store::open(&location).await.expect("the store opens");
    let host = Host::start(&tg, store, personas).await;
    println!("daemon: {} copy of the weights for two personas", host.engine.loaded_models().len());

    let users: Vec<User> = (0..CHATS).map(|chat| tg.add_user(UserSpec::new(&format!("Гость {chat}")))).collect();
    let talk = async |from: usize, to: usize| {
        let begin = Instant::now();
        let before = host.requests().len();
        let asked = (from..to).map(|chat| users[chat].writes_private(&bots[chat % 2], "Привет, как дела?"));
        for message in asked.collect::<Vec<_>>() {
            tg.wait_answer(message, PATIENCE).await.expect("everybody is answered");
        }
        (begin.elapsed().as_secs_f64(), host.requests().len() - before)
    };
    talk(0, 1).await;
    let (mut alone, mut generations) = (0.0, 0);
    for chat in 0..SINGLES {
        let (seconds, requests) = talk(chat, chat + 1).await;
        alone += seconds / SINGLES as f64;
        generations += requests;
    }
    let (together, requests) = talk(0, CHATS).await;
    println!("one reply alone: {alone:.2} s ({generations} generations for {SINGLES} replies)");
    println!("{CHATS} replies together: {together:.2} s ({requests} generations)");
    println!("together / ({CHATS} x alone): {:.3}", together / (CHATS as f64 * alone));
    host.stop().await;
}
