//! Every scripted fault, as a client sees it and as the transcript does.

use std::time::{Duration, Instant};

use maskarad_testbed::{BadRequestKind, Fault, FaultSpec, ForbiddenKind, Outcome};
use serde_json::{Value, json};

use crate::common::{Cast, cast};

async fn ready() -> (Cast, Value) {
    let cast = cast().await;
    let chat = cast.anna.writes_private(&cast.bot, "привет").chat_id;
    (cast, json!({ "chat_id": chat, "text": "ответ" }))
}

#[tokio::test]
async fn refusals_to_write_somewhere_have_their_texts() {
    use ForbiddenKind::{Blocked, CantInitiate, Deactivated, Kicked, NotAMember};
    let table = [
        (Blocked, "bot was blocked by the user"),
        (Kicked, "bot was kicked from the supergroup chat"),
        (NotAMember, "bot is not a member of the supergroup chat"),
        (CantInitiate, "bot can't initiate conversation with a user"),
        (Deactivated, "user is deactivated"),
    ];
    for (kind, text) in table {
        assert_refused(Fault::Forbidden(kind), 403, &format!("Forbidden: {text}")).await;
    }
}

#[tokio::test]
async fn refusals_of_bad_requests_have_their_texts() {
    use BadRequestKind::{ChatNotFound, Empty, Other, ReplyNotFound, ThreadNotFound, TooLong};
    let table = [
        (ThreadNotFound, "message thread not found"),
        (ReplyNotFound, "message to be replied not found"),
        (Empty, "message text is empty"),
        (TooLong, "message is too long"),
        (ChatNotFound, "chat not found"),
        (Other("PEER_ID_INVALID".to_owned()), "PEER_ID_INVALID"),
    ];
    for (kind, text) in table {
        assert_refused(Fault::BadRequest(kind), 400, &format!("Bad Request: {text}")).await;
    }
}

#[tokio::test]
async fn other_refusals_have_their_codes() {
    let limited = Fault::TooManyRequests { retry_after: 3 };
    assert_refused(limited.clone(), 429, "Too Many Requests: retry after 3").await;
    assert_refused(Fault::ServerError(500), 500, "Internal Server Error").await;
    assert_refused(Fault::ServerError(502), 502, "Bad Gateway").await;
    assert_refused(Fault::Unauthorized, 401, "Unauthorized").await;
    let (cast, send) = ready().await;
    cast.tg.fault(FaultSpec::new(limited));
    let (_, body) = cast.wire.call("sendMessage", send).await;
    assert_eq!(body["parameters"]["retry_after"], 3);
}

/// The first send meets the fault and sends nothing, the second one goes through.
async fn assert_refused(fault: Fault, code: u16, text: &str) {
    let (cast, send) = ready().await;
    let spec = FaultSpec::new(fault);
    let script = cast.tg.fault(spec.method("sendMessage").times(1));
    let refused = cast.wire.refused("SendMessage", send.clone()).await;
    assert_eq!(refused, (code, text.to_owned()));
    assert_eq!((script.fired(), cast.tg.sent_count(&cast.bot)), (1, 0));
    cast.wire.ok("sendMessage", send).await;
}

#[tokio::test]
async fn a_dropped_call_was_not_carried_out_and_a_lost_answer_was() {
    let (cast, send) = ready().await;
    cast.tg.fault(FaultSpec::new(Fault::DropConnection).times(1));
    assert_cut(&cast, &send).await;
    assert_eq!(cast.tg.sent_count(&cast.bot), 0);

    cast.tg.fault(FaultSpec::new(Fault::LostAnswer).times(1));
    assert_cut(&cast, &send).await;
    assert_eq!(cast.tg.sent_by(&cast.bot)[0].text, "ответ");
    assert_eq!(cast.tg.private(&cast.anna, &cast.bot).messages().len(), 2);

    cast.wire.ok("sendMessage", send).await;
    let requests = cast.tg.requests_since(0);
    let sent: Vec<_> = cast.tg.sent_by(&cast.bot).into_iter().map(|sent| Some(sent.message_id)).collect();
    assert_eq!(requests.iter().map(|request| request.message).collect::<Vec<_>>(), [None, sent[0], sent[1]]);
    assert_eq!(cast.tg.requests_since(2), requests[2..]);
    let outcomes: Vec<_> = requests.into_iter().map(|request| request.outcome).collect();
    assert_eq!(outcomes, [Outcome::Dropped, Outcome::AnswerLost(200), Outcome::Answered(200)]);
}

#[tokio::test]
async fn a_slow_answer_is_late_though_the_message_is_there() {
    let (cast, send) = ready().await;
    cast.tg.fault(FaultSpec::new(Fault::Slow(Duration::from_secs(1))).times(1));
    let started = Instant::now();
    let wire = cast.wire.clone();
    let call = tokio::spawn(async move { wire.ok("sendMessage", send).await });
    cast.tg.wait_sent(&cast.bot, 1, Duration::from_millis(700)).await.unwrap();
    call.await.unwrap();
    assert!(started.elapsed() >= Duration::from_secs(1));
}

#[tokio::test]
async fn a_held_call_is_carried_out_late_and_not_at_all_for_a_caller_who_is_gone() {
    let (cast, send) = ready().await;
    let held = cast.tg.fault(FaultSpec::new(Fault::Held(Duration::from_millis(500))).times(2));
    let started = Instant::now();
    let wire = cast.wire.clone();
    let patient = send.clone();
    let call = tokio::spawn(async move { wire.ok("sendMessage", patient).await });
    cast.tg.wait_until(Duration::from_secs(5), |_| held.fired() == 1).await.unwrap();
    assert_eq!(cast.tg.sent_count(&cast.bot), 0, "it waits");
    call.await.unwrap();
    assert!(started.elapsed() >= Duration::from_millis(500) && cast.tg.sent_count(&cast.bot) == 1);

    let hurried = cast.wire.client().post(cast.wire.url("sendMessage")).json(&send);
    assert!(hurried.timeout(Duration::from_millis(100)).send().await.is_err());
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(cast.tg.sent_count(&cast.bot), 1, "nothing is done for nobody");
    let requests = cast.tg.requests_since(0);
    let fault = Some(Fault::Held(Duration::from_millis(500)));
    assert_eq!((&requests[0].fault, &requests[1].fault), (&fault, &fault));
    assert_eq!((requests[0].message, requests[1].message), (Some(cast.tg.sent_by(&cast.bot)[0].message_id), None));
    assert_eq!((requests[1].outcome, cast.tg.request_count()), (Outcome::Open, 2));
}

#[tokio::test]
async fn a_malformed_answer_is_no_json() {
    let (cast, send) = ready().await;
    cast.tg.fault(FaultSpec::new(Fault::Malformed).times(1));
    let error = cast.wire.try_call("sendMessage", send.clone()).await.unwrap_err();
    assert!(error.is_decode(), "{error}");
    assert_eq!(cast.tg.sent_count(&cast.bot), 0);
    cast.wire.ok("sendMessage", send).await;
}

#[tokio::test]
async fn a_conflict_can_be_scripted() {
    let (cast, _) = ready().await;
    cast.tg.fault(FaultSpec::new(Fault::Conflict).method("getUpdates").times(1));
    assert_eq!(cast.wire.refused("getUpdates", json!({})).await.0, 409);
    assert_eq!(cast.wire.updates(json!({})).await.len(), 1);
}

#[tokio::test]
async fn faults_keep_to_their_bot_method_chat_and_count() {
    let (cast, send) = ready().await;
    let boris = cast.tg.add_user(maskarad_testbed::UserSpec::new("Борис"));
    let elsewhere = boris.writes_private(&cast.bot, "привет").chat_id;
    let there = json!({ "chat_id": elsewhere, "text": "ответ" });
    let spec = FaultSpec::new(Fault::ServerError(500));
    let script = cast.tg.fault(spec.bot(&cast.bot).method("sendMessage").chat(elsewhere).skip(1).times(2));
    cast.tg.fault(FaultSpec::new(Fault::ServerError(502)).bot(&cast.other));
    cast.wire.ok("getMe", json!({})).await;
    cast.wire.ok("sendMessage", send.clone()).await;
    let mut statuses = Vec::new();
    for _ in 0..4 {
        statuses.push(cast.wire.call("sendMessage", there.clone()).await.0);
    }
    assert_eq!(statuses, [200, 500, 500, 200]);
    assert_eq!(script.fired(), 2);

    let lasting = cast.tg.fault(FaultSpec::new(Fault::ServerError(500)).bot(&cast.bot));
    assert_eq!(cast.wire.call("getMe", json!({})).await.0, 500);
    lasting.clear();
    cast.wire.ok("getMe", json!({})).await;
    cast.tg.clear_faults();
    crate::common::Wire::new(&cast.tg, &cast.other).ok("getMe", json!({})).await;
}

/// The connection ends before an answer, and not because anybody lost patience.
async fn assert_cut(cast: &Cast, send: &Value) {
    let started = Instant::now();
    let error = cast.wire.try_call("sendMessage", send.clone()).await.unwrap_err();
    assert!(error.is_request() && !error.is_timeout(), "{error:?}");
    assert!(started.elapsed() < Duration::from_secs(5));
}
