//! OpenAI's routes, by their own documents; `scripts/api-clients.sh` tries them with the real client.

use serde_json::{Value, json};

use super::Api;

const CHAT: &str = "/v1/chat/completions";

fn chat(more: Value) -> Value {
    let messages = json!([
        { "role": "system", "content": "в чате обсуждают погоду" },
        { "role": "user", "content": [{ "type": "text", "text": "ну что там" }] },
        { "role": "assistant", "content": "льёт" },
        { "role": "user", "content": "а завтра?" },
    ]);
    let mut body = json!({ "model": "avtobus", "messages": messages, "seed": 5, "temperature": 1.0 });
    for (key, value) in more.as_object().unwrap() {
        body[key] = value.clone();
    }
    body
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_chat_completion_whole_and_in_chunks() {
    let api = Api::start(&[]).await;
    let whole = api.post(CHAT, chat(json!({ "n": 2 }))).await.json();
    assert_eq!((&whole["object"], &whole["model"]), (&json!("chat.completion"), &json!("avtobus")));
    let usage = |name: &str| whole["usage"][name].as_u64().unwrap();
    assert_eq!(usage("total_tokens"), usage("prompt_tokens") + usage("completion_tokens"));
    let said: Vec<&str> = (0..2).map(|n| whole["choices"][n]["message"]["content"].as_str().unwrap()).collect();
    assert_ne!(said[0], said[1], "each of several has a seed of its own");
    let again = api.post(CHAT, chat(json!({}))).await.json();
    assert_eq!(again["choices"][0]["message"]["content"], said[0], "the first is what is said alone");

    let stream = json!({ "n": 2, "stream": true, "stream_options": { "include_usage": true } });
    let events = api.post(CHAT, chat(stream)).await.events();
    let (done, chunks) = events.split_last().unwrap();
    assert_eq!(done, "[DONE]");
    let chunks: Vec<Value> = chunks.iter().map(|chunk| serde_json::from_str(chunk).unwrap()).collect();
    let (last, chunks) = chunks.split_last().unwrap();
    assert_eq!((&last["choices"], &last["usage"]), (&json!([]), &whole["usage"]));
    for (index, said) in said.iter().enumerate() {
        let choices: Vec<&Value> =
            chunks.iter().map(|chunk| &chunk["choices"][0]).filter(|choice| choice["index"] == index).collect();
        assert_eq!(choices[0]["delta"]["role"], "assistant");
        let heard: String = choices.iter().filter_map(|choice| choice["delta"]["content"].as_str()).collect();
        assert_eq!(&heard, said);
        let reasons: Vec<&Value> = choices.iter().map(|choice| &choice["finish_reason"]).collect();
        assert!(reasons[..reasons.len() - 1].iter().all(|reason| reason.is_null()));
        assert_eq!(*reasons[reasons.len() - 1], whole["choices"][index]["finish_reason"]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_asked_for_counts() {
    let api = Api::start(&[]).await;
    let of = async |more: Value| api.post(CHAT, chat(more)).await.json()["choices"][0].clone();
    let short = of(json!({ "max_tokens": 2 })).await;
    assert_eq!(short["finish_reason"], "length");
    let whole = of(json!({})).await["message"]["content"].as_str().unwrap().to_owned();
    let stop = whole.split_whitespace().nth(1).unwrap().to_owned();
    let stopped = of(json!({ "stop": stop })).await;
    assert!(!stopped["message"]["content"].as_str().unwrap().contains(&stop), "{stopped}");
    assert_eq!(stopped["finish_reason"], "stop");
    let greedy = [of(json!({ "temperature": 0, "seed": 1 })).await, of(json!({ "temperature": 0, "seed": 2 })).await];
    assert_eq!(greedy[0], greedy[1], "the likeliest tokens know no seed");
    let system = |text: &str| json!({ "messages": [{ "role": "system", "content": text }, { "role": "user", "content": "а?" }] });
    let prompt = async |text: &str| api.post(CHAT, chat(system(text))).await.json()["usage"]["prompt_tokens"].as_u64();
    assert!(prompt("погода погода погода").await > prompt("погода").await, "a system message is context");
    let text = api.post("/v1/completions", json!({ "model": "polkson", "prompt": "как дела", "seed": 3 })).await.json();
    assert_eq!(text["object"], "text_completion");
    let streamed = json!({ "model": "polkson", "prompt": "как дела", "seed": 3, "stream": true });
    let events = api.post("/v1/completions", streamed).await.events();
    let heard: String = events
        .iter()
        .filter_map(|data| serde_json::from_str::<Value>(data).ok())
        .filter_map(|chunk| chunk["choices"][0]["text"].as_str().map(str::to_owned))
        .collect();
    assert_eq!(heard, text["choices"][0]["text"].as_str().unwrap());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_persona_can_not_do_is_refused_and_never_left_out() {
    let api = Api::start(&[]).await;
    let refused = [
        (json!({ "tools": [{ "type": "function" }] }), "tools"),
        (json!({ "logprobs": true }), "logprobs"),
        (json!({ "frequency_penalty": 0.5 }), "frequency_penalty"),
        (json!({ "response_format": { "type": "json_object" } }), "response_format"),
        (json!({ "colour": "red" }), "colour"),
        (json!({ "max_tokens": 129 }), "max_tokens"),
        (json!({ "temperature": 2.5 }), "temperature"),
        (json!({ "top_p": 1.5 }), "top_p"),
        (json!({ "n": 0 }), "n"),
        (json!({ "n": 9 }), "n"),
        (json!({ "messages": [] }), "messages"),
        (json!({ "messages": [{ "role": "assistant", "content": "а" }] }), "messages"),
        (json!({ "messages": [{ "role": "user", "content": [{ "type": "image_url" }] }] }), "messages"),
    ];
    for (more, param) in refused {
        let answer = api.post(CHAT, chat(more.clone())).await;
        answer.error(400);
        assert_eq!(answer.json()["error"]["param"], param, "{more}");
    }
    let harmless =
        json!({ "user": "me", "frequency_penalty": 0, "logprobs": false, "tools": [], "logit_bias": {}, "stop": null });
    assert_eq!(api.post(CHAT, chat(harmless)).await.status, 200);
    let missing = api.post(CHAT, chat(json!({ "model": "nobody" }))).await;
    missing.error(404);
    assert_eq!(missing.json()["error"]["code"], "model_not_found");
    let models = api.get("/v1/models").await.json();
    assert_eq!((&models["object"], &models["data"][1]["id"]), (&json!("list"), &json!("polkson")));
    assert_eq!(api.get("/v1/models/avtobus").await.json()["object"], "model");
    api.get("/v1/models/nobody").await.error(404);
}
