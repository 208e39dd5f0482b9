//! Replies by the API's own routes, and the seed system's.

use serde_json::{Value, json};

use super::Api;

const REPLY: &str = "/v1/personas/avtobus/reply";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_persona_without_a_token_replies_and_says_how() {
    let api = Api::start(&[]).await;
    let personas = api.get("/v1/personas").await.json();
    let names: Vec<&Value> = personas["personas"].as_array().unwrap().iter().map(|persona| &persona["name"]).collect();
    assert_eq!(names, ["avtobus", "polkson"]);

    let said = json!({ "text": "как дела", "settings": { "seed": 7, "max_new_tokens": 24 } });
    let reply = api.post(REPLY, said.clone()).await.json();
    assert_eq!(reply["outcome"], "answered", "{reply}");
    assert!(reply["generated_tokens"].as_u64().unwrap() <= 24);
    assert!(reply["timings"]["prompt_tokens"].as_u64().unwrap() > 0);
    assert_eq!(api.post(REPLY, said).await.json()["reply"], reply["reply"], "the same seed, the same words");
    let other = json!({ "text": "как дела", "settings": { "seed": 8, "max_new_tokens": 24 } });
    assert_ne!(api.post(REPLY, other).await.json()["reply"], reply["reply"]);

    let toxified = api.post("/predict", json!({ "text": "как дела", "temp": 0.7 })).await.json();
    assert!(!toxified["toxified"].as_str().unwrap().is_empty());
    assert_eq!(toxified.as_object().unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_streamed_reply_is_the_same_in_pieces() {
    let api = Api::start(&[]).await;
    for seed in 0..12 {
        let turns = json!([
            { "from": "user", "text": "ты где" }, { "from": "persona", "text": "еду" }, { "from": "user", "text": "а куда же?" },
        ]);
        let mut said = json!({ "turns": turns, "settings": { "seed": seed, "temperature": 1.3 } });
        let whole = api.post(REPLY, said.clone()).await.json();
        said["stream"] = json!(true);
        let events = api.post(REPLY, said).await.events();
        let events: Vec<Value> = events.iter().map(|data| serde_json::from_str(data).unwrap()).collect();
        let (last, pieces) = events.split_last().unwrap();
        assert_eq!(last["reply"], whole["reply"], "seed {seed}");
        let heard: String = pieces.iter().map(|piece| piece["text"].as_str().unwrap()).collect();
        assert!(whole["reply"].as_str().unwrap().starts_with(&heard), "{heard:?} of {whole}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_prompt_is_shown_as_the_checkpoint_reads_it() {
    let api = Api::start(&[]).await;
    let shown = api.post("/v1/personas/avtobus/prompt", json!({ "text": "как дела" })).await.json();
    let tokens: String =
        shown["tokens"].as_array().unwrap().iter().map(|token| token["text"].as_str().unwrap()).collect();
    assert!(shown["text"].as_str().unwrap().contains("как дела"), "{shown}");
    assert_eq!(shown["text"], tokens, "Cyrillic letters are in one token here");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_makes_no_sense_is_refused_by_name() {
    let api = Api::start(&[]).await;
    let wrong = [
        (json!({}), "send either text or turns"),
        (json!({ "text": "а", "turns": [] }), "send either text or turns"),
        (json!({ "text": " " }), "nothing to answer"),
        (json!({ "turns": [{ "from": "persona", "text": "а" }] }), "must not be the persona's own"),
        (json!({ "turns": [{ "from": "nobody", "text": "а" }] }), "nobody"),
        (json!({ "text": "а", "colour": "red" }), "colour"),
        (json!({ "text": "а", "settings": { "max_new_tokens": 129 } }), "129 is not from 1 to 128"),
        (json!({ "text": "а", "settings": { "temperature": -1.0 } }), "temperature"),
        (json!({ "text": "а", "settings": { "top_p": 1.5 } }), "top_p"),
        (json!({ "text": "а", "settings": { "stop_strings": [""] } }), "from 1 to 64 characters"),
        (json!({ "text": "а", "settings": { "stop_strings": ["а", "б", "в", "г", "д"] } }), "more than 4"),
    ];
    for (body, why) in wrong {
        let error = api.post(REPLY, body.clone()).await.error(400);
        assert!(error.contains(why), "{body}: {error}");
    }
    assert!(api.post("/v1/personas/nobody/reply", json!({ "text": "а" })).await.error(404).contains("nobody"));
    assert!(api.post("/v1/personas/%00%2e%2e/reply", json!({ "text": "а" })).await.error(404).contains("persona"));
    api.get("/nowhere").await.error(404);
    api.get("/v1/../../etc/passwd").await.error(404);
    api.get(REPLY).await.error(405);
    let long = json!({ "text": "а".repeat(300_000) });
    api.post(REPLY, long).await.error(413);
    let request = api.client.post(api.url(REPLY)).body("{").header("content-type", "application/json");
    super::Answer::of(request).await.error(400);
    let request = api.client.post(api.url(REPLY)).body(r#"{"text":"а"}"#);
    assert!(super::Answer::of(request).await.error(415).contains("application/json"));
}
