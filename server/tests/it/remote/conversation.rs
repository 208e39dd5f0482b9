//! One seeded conversation through the whole daemon, three times: it must be the same one.

use maskarad_testbed::{BotSpec, Testbed, UserSpec};

use super::*;
use crate::support::database::{Backend, TestDatabase};
use crate::support::host::{Host, persona};

/// What is said, one after the other, so that each reply stands in the next prompt.
const LINES: [&str; 5] = ["привет", "как дела?", "что делаешь вечером?", "расскажи что-нибудь", "ну ладно, пока"];

/// Where the daemon generates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Here,
    OnAWorker,
    /// On a worker that dies amid the third reply.
    OnAWorkerThatDies,
}

/// The replies, in order.
async fn talk(broker: &Broker, way: Way) -> Vec<String> {
    let database = TestDatabase::new(Backend::Sqlite).await.unwrap();
    // Seeds are the dice's; here they are the job's own.
    let trigger = "create trigger seeded after insert on jobs begin \
        update jobs set seed = new.message_id * 7919 where id = new.id; end";
    database.sql(trigger).await;
    let tg = Testbed::start().await.unwrap();
    let bot = tg.add_bot(BotSpec::new("avtobus_bot"));
    let user = tg.add_user(UserSpec::new("Аня"));
    let manifest = "generation: { max_new_tokens: 64, do_sample: true, temperature: 0.9 }\nmodel: { path: MODEL, precision: int8 }\n";
    let manifest = manifest.replace("MODEL", demo_checkpoint().to_str().unwrap());
    let stopped = CancellationToken::new();
    let make = |engine: &Engine| -> Arc<dyn Generator> {
        let here = Arc::new(LocalGenerator::new(engine.clone()));
        if way == Way::Here {
            return here;
        }
        let remote = Remote::new(broker.config(), secret_text::<8>().unwrap());
        let weights = engine.clone();
        let catalogue = Arc::new(move || weights.loaded_models());
        tokio::spawn(remote.clone().run(catalogue, Dice::from_os(), stopped.clone()));
        Arc::new(Choice::new(here, remote, Prefer::Workers))
    };
    let host = Host::start_by(&tg, database.shared(), vec![persona("avtobus", &bot, &manifest)], make).await;
    let elsewhere = |host: &Host| host.app.generator.elsewhere();
    let mut worker = None;
    if way != Way::Here {
        worker = Some(Worker::start(broker, "one", &personas()));
        host.until(|host| elsewhere(host).unwrap().workers.iter().any(|worker| worker.bases == 1)).await;
    }
    let mut replies = Vec::new();
    for (number, line) in LINES.into_iter().enumerate() {
        let message = user.writes_private(&bot, line);
        if way == Way::OnAWorkerThatDies && number == 2 {
            host.until(|host| elsewhere(host).unwrap().under_way > 0).await;
            worker.take().unwrap().kill();
        }
        replies.push(tg.wait_answer(message, SOON).await.unwrap().text);
    }
    let fell_back = elsewhere(&host).map_or(0, |elsewhere| elsewhere.fell_back);
    assert_eq!(fell_back > 0, way == Way::OnAWorkerThatDies, "{way:?}");
    if let Some(worker) = worker {
        assert!(worker.stop().await);
    }
    host.stop().await;
    stopped.cancel();
    replies
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_conversation_is_the_same_wherever_it_is_made() {
    let Some(broker) = Broker::shared() else { return };
    let here = talk(&broker, Way::Here).await;
    assert!(here.iter().collect::<std::collections::HashSet<_>>().len() > 2, "{here:?}");
    assert_eq!(talk(&broker, Way::OnAWorker).await, here);
    assert_eq!(talk(&broker, Way::OnAWorkerThatDies).await, here);
}
