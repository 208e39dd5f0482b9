//! Those who dawdle and those who crowd in: the others are served meanwhile.

use std::time::{Duration, Instant};

use maskarad::lifecycle::Ended;
use tokio::io::AsyncWriteExt;

use super::scene::{SECRET, Scene, dial, hear, sqlite, update};
use crate::support::host::SOON;

/// Requests of one persona at once.
const AT_ONCE: usize = 40;

fn head(secret: &str, length: usize) -> String {
    format!("POST /telegram/avtobus HTTP/1.1\r\nHost: bot\r\n{SECRET}: {secret}\r\nContent-Length: {length}\r\n\r\n")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_dawdles_is_sent_away_and_holds_up_nobody() {
    let scene = Scene::new(sqlite().await).await;
    let host = scene.host("webhook").await;
    let started = Instant::now();
    let mut without_an_end = dial(&host, "POST /telegram/avtobus HTTP/1.1\r\nHost: bot\r\n").await;
    let mut drips = dial(&host, &head(&scene.secret(), 1000)).await;
    let mut stranger = dial(&host, &head("wrong", 1000)).await;
    let mut buffer = [0; 12];
    tokio::io::AsyncReadExt::read_exact(&mut stranger, &mut buffer).await.unwrap();
    assert_eq!(&buffer, b"HTTP/1.1 401", "no body is waited for");
    assert!(started.elapsed() < Duration::from_secs(5));
    scene.each_is_answered_once(&scene.everybody_writes("ты тут?")).await;
    let dripping = tokio::spawn(async move {
        for _ in 0..300 {
            if drips.write_all(b" ").await.is_err() {
                break;
            }
            let mut heard = [0; 12];
            if let Ok(length) = drips.try_read(&mut heard) {
                return (String::from_utf8_lossy(&heard[..length]).into_owned(), started.elapsed());
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("it was never sent away");
    });
    let (heard, after) = dripping.await.unwrap();
    assert_eq!(heard, "HTTP/1.1 408", "after {after:?}");
    assert!(after < Duration::from_secs(15), "{after:?}");
    hear(&mut without_an_end).await;
    assert!(started.elapsed() < Duration::from_secs(40), "{:?}", started.elapsed());
    assert_eq!(scene.stored().await, scene.people.len());
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_under_way_finishes_at_a_stop() {
    let scene = Scene::new(sqlite().await).await;
    let host = scene.host("webhook").await;
    let address = host.address;
    let body = update(901, &scene.people[0], "я успею?").to_string();
    let (first, rest) = body.split_at(20);
    let mut stream = dial(&host, &(head(&scene.secret(), body.len()) + first)).await;
    // It has been let in by now: somebody who came later was.
    assert_eq!(scene.bring(&host, "{}").await, 200);
    let stopping = tokio::spawn(host.stop());
    scene.tg.wait_until(SOON, |_| !scene.bot.requests_of("deleteWebhook").is_empty()).await.unwrap();
    let refused = async || tokio::net::TcpStream::connect(address).await.is_err();
    let deadline = Instant::now() + Duration::from_secs(5);
    while !refused().await {
        assert!(Instant::now() < deadline, "newcomers are still let in");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    stream.write_all(rest.as_bytes()).await.unwrap();
    assert!(hear(&mut stream).await.starts_with("HTTP/1.1 200"), "and then it hangs up");
    assert_eq!(stopping.await.unwrap(), Ended::Cleanly);
    assert_eq!(scene.stored().await, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crowd_is_asked_to_come_again() {
    let scene = Scene::new(sqlite().await).await;
    let host = scene.host("webhook").await;
    let body = update(900, &scene.people[0], "привет").to_string();
    let mut crowd = Vec::new();
    for _ in 0..AT_ONCE {
        crowd.push(dial(&host, &head(&scene.secret(), body.len())).await);
    }
    // They hold all the room once the daemon has read their heads.
    let deadline = Instant::now() + Duration::from_secs(8);
    while scene.bring(&host, "{}").await != 503 {
        assert!(Instant::now() < deadline, "there was always room");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    for stream in &mut crowd {
        stream.write_all(body.as_bytes()).await.unwrap();
    }
    let waiting = scene.everybody_writes("а мы?");
    scene.each_is_answered_once(&waiting).await;
    assert_eq!(scene.stored().await, 1 + waiting.len(), "the crowd brought one and the same update");
    drop(crowd);
    assert!(tokio::time::timeout(SOON, host.stop()).await.is_ok());
}
