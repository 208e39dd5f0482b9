//! A long conversation leaves the daemon's memory where it was. `make load` runs the long one.

use super::Stage;

/// Messages before memory is looked at, for caches and connections to fill, and messages until it is looked at again.
const ROUNDS: (usize, usize) = (4, 10);
/// What an allocator may keep, in MiB; a daemon that kept each reply's keys and values would need five times this.
const MOST: u64 = 24;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn memory_does_not_grow_with_messages() {
    let stage = Stage::new().await;
    let manifest = format!("name: avtobus\ntoken: {{ env: AVTOBUS_TOKEN }}\nmodel: {{ path: {:?} }}\n", stage.model);
    stage.write_manifest_with("avtobus", &manifest, 24);
    let daemon = stage.serve(&[]);
    let mut memory = Vec::new();
    for rounds in [ROUNDS.0, ROUNDS.1 - ROUNDS.0] {
        for round in 0..rounds {
            let messages =
                stage.everybody_writes(&format!("Рассказ, часть {round}. {}", "И вот едем мы дальше. ".repeat(20)));
            stage.answered(&messages, &daemon).await;
        }
        memory.push(daemon.memory());
    }
    let [before, after] = memory[..] else { unreachable!("it was looked at twice") };
    println!("{before} MiB, and {after} MiB after {} more messages", stage.people.len() * (ROUNDS.1 - ROUNDS.0));
    assert!(before > 0, "memory can be read");
    assert!(after <= before + MOST, "memory grew from {before} to {after} MiB\n{}", daemon.tail());
}
