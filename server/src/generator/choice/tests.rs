//! Going on here with a reply that was begun elsewhere.

use maskarad_engine::{Finished, StopReason, Timings};

use super::*;

fn token(id: u32) -> Event {
    Event::Token { id, text: id.to_string() }
}

fn reply() -> Vec<Event> {
    let finished = Finished {
        ids: vec![1, 2, 3],
        text: None,
        stop_reason: StopReason::Length,
        timings: Timings::default(),
        prompt_logits: None,
    };
    vec![token(1), token(2), token(3), Event::Finished(finished)]
}

async fn told_after(told: &[u32]) -> (Vec<Event>, Option<usize>) {
    let (sender, mut receiver) = mpsc::channel(16);
    let mut counted = None;
    pass_on(stream::iter(reply()).boxed(), told, &sender, |tokens| counted = Some(tokens)).await;
    drop(sender);
    let mut events = Vec::new();
    while let Some(event) = receiver.recv().await {
        events.push(event);
    }
    (events, counted)
}

#[tokio::test]
async fn a_reply_goes_on_where_it_stopped() {
    assert_eq!(told_after(&[]).await, (reply(), Some(3)));
    assert_eq!(told_after(&[1, 2]).await, (reply()[2..].to_vec(), Some(3)));
    assert_eq!(told_after(&[1, 2, 3]).await, (reply()[3..].to_vec(), Some(3)));
}

#[tokio::test]
async fn two_halves_of_two_replies_are_none() {
    assert_eq!(told_after(&[1, 7]).await, (vec![Event::Failed(EngineError::Stopped)], None));
}
