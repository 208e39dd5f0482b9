//! A broker that isn't there or lets nobody in, workers that are heard or aren't, and what `--worker` looks at.

use super::*;
use crate::process::worker;
use crate::support::broker::Broker;

fn vhost(broker: &Broker) -> String {
    url::Url::parse(broker.url()).unwrap().path().trim_start_matches('/').to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_that_can_not_be_used() {
    let mut setup = Setup::new().await;
    setup.variables.push(("MASKARAD_BROKER".to_owned(), "amqp://anna:hunter2@127.0.0.1:9/maskarad".to_owned()));
    setup.finds("error broker the broker: ", &[]);
    assert!(!setup.doctor(&[]).stdout.contains("hunter2"));
    setup.settings += "workers: { ca: nowhere.pem }\n";
    setup.finds("error broker nowhere.pem: can't be read", &[]);
    let Some(broker) = Broker::shared() else { return };
    setup.settings = setup.settings.replace("workers: { ca: nowhere.pem }\n", "");
    let mut url = url::Url::parse(broker.url()).unwrap();
    url.set_password(Some("hunter2")).unwrap();
    setup.variables.last_mut().unwrap().1 = url.into();
    setup.finds("error broker the broker: ACCESS_REFUSED", &[]);
    assert!(!setup.doctor(&[]).stdout.contains("hunter2"));
}

#[tokio::test(flavor = "multi_thread")]
async fn workers_that_are_heard_or_not() {
    let Some(broker) = Broker::shared() else { return };
    let mut setup = Setup::new().await;
    setup.variables.push(("MASKARAD_BROKER".to_owned(), broker.url().to_owned()));
    setup.finds("warning worker no worker was heard within 3 s", &[]);
    let queues = broker.eval(&format!("length(rabbit_amqqueue:list(<<\"{}\">>)).", vhost(&broker)));
    assert_eq!(queues, "1", "its own queues are gone, and the one for strays stays");
    let attic = worker::start(setup.path(), broker.url(), "attic", &[]);
    attic.says("connected; waiting for jobs").await;
    let found = setup.found(&["--worker"]);
    // Nobody has told it yet what to load.
    let heard = format!("note worker attic: maskarad {} on ", env!("CARGO_PKG_VERSION"));
    assert!(found.iter().any(|line| line.starts_with(&heard)), "{found:?}");
    assert!(found.iter().any(|line| line.starts_with("ok broker the broker is there")), "{found:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_worker_lacks() {
    let mut setup = Setup::new().await;
    std::fs::remove_dir_all(setup.path().join("personas")).unwrap();
    setup.finds("error broker workers.broker is not set", &["--worker"]);
    let Some(broker) = Broker::shared() else { return };
    setup.variables = vec![("MASKARAD_BROKER".to_owned(), broker.url().to_owned())];
    let found = setup.found(&["--worker"]);
    let others: Vec<&String> = found.iter().filter(|line| !line.starts_with("ok ")).collect();
    assert!(
        others.len() == 2 && others[0].starts_with("note worker no worker"),
        "neither manifest nor token: {found:?}"
    );
    setup.settings += "worker: { daemon: 'http://127.0.0.1:9', key: mk_hunter2 }\n";
    setup.finds("error weights worker.daemon can't be asked for weights", &["--worker"]);
    setup.settings = format!("worker: {{ daemon: '{}', key: mk_hunter2 }}\n", setup.tg.api_url());
    setup.finds("error weights worker.daemon answers HTTP 404", &["--worker"]);
    assert!(!setup.doctor(&["--worker"]).stdout.contains("hunter2"));
}
