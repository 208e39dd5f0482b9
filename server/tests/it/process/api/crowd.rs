//! Many who listen at once, for long: nobody starves, nobody hears another's reply, memory stays where it was.

use std::time::{Duration, Instant};

use futures::future::join_all;
use serde_json::Value;

use super::room::{heard, streamed};
use super::{Answer, Api};

const CHAT: &str = "/v1/chat/completions";
/// How many replies may be made at once.
const ROOM: usize = 200;

/// What one of them saw.
#[derive(Default)]
struct Seen {
    served: usize,
    refused: usize,
    longest: Duration,
}

impl Api {
    /// One client who asks the same again and again, and must hear the same again and again.
    async fn listens(&self, seed: usize, until: Instant) -> Seen {
        let (mut seen, mut first) = (Seen::default(), None);
        while Instant::now() < until {
            let begun = Instant::now();
            let answer = Answer::of(self.posted(CHAT, &streamed(seed))).await;
            if answer.status == 200 {
                assert_eq!(answer.events().last().unwrap(), "[DONE]");
                let said = heard(&answer);
                assert_eq!(*first.get_or_insert_with(|| said.clone()), said, "client {seed} heard another's reply");
                seen.served += 1;
                seen.longest = seen.longest.max(begun.elapsed());
            } else {
                answer.error(503);
                let wait: u64 = answer.headers["retry-after"].to_str().unwrap().parse().unwrap();
                seen.refused += 1;
                tokio::time::sleep(Duration::from_secs(wait)).await;
            }
        }
        seen
    }

    async fn crowd(&self, count: usize, time: Duration) -> Vec<Seen> {
        let until = Instant::now() + time;
        join_all((0..count).map(|seed| self.listens(seed, until))).await
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "two minutes of load; make api-load runs it"]
async fn two_hundred_streams_for_a_minute_and_four_hundred_for_another() {
    let api = Api::start(&[("MASKARAD_HTTP_API_REPLIES", &ROOM.to_string())]).await;
    let minute = Duration::from_secs(60);
    let within = api.crowd(ROOM, minute).await;
    let memory = api.daemon.peak_memory();
    tell("200 clients, room for 200", &within, &api);
    assert!(within.iter().all(|seen| seen.served > 0 && seen.refused == 0), "somebody starved, or was refused");
    let (least, most) = bounds(&within);
    assert!(least * 3 >= most, "the places are shared fairly: {least} to {most} replies");

    let beyond = api.crowd(2 * ROOM, minute).await;
    tell("400 clients, room for 200", &beyond, &api);
    assert!(beyond.iter().map(|seen| seen.refused).sum::<usize>() > 0);
    assert!(beyond.iter().filter(|seen| seen.served > 0).count() >= ROOM);
    assert!(api.daemon.peak_memory() <= memory + 64, "memory grew from {memory} to {} MiB", api.daemon.peak_memory());
    assert!(!api.daemon.log().contains("panicked"));
    let said: Value = api.get("/v1/models").await.json();
    assert_eq!(said["object"], "list", "it goes on");
}

fn bounds(seen: &[Seen]) -> (usize, usize) {
    let served = || seen.iter().map(|seen| seen.served);
    (served().min().unwrap(), served().max().unwrap())
}

fn tell(title: &str, seen: &[Seen], api: &Api) {
    let (least, most) = bounds(seen);
    let served: usize = seen.iter().map(|seen| seen.served).sum();
    let refused: usize = seen.iter().map(|seen| seen.refused).sum();
    let longest = seen.iter().map(|seen| seen.longest).max().unwrap();
    println!(
        "{title}: {served} replies, {least} to {most} for each; {refused} refused; the longest took {:.1} s; memory {} MiB at most",
        longest.as_secs_f64(),
        api.daemon.peak_memory(),
    );
}
