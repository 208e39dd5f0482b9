//! Talking with a persona: what it costs to open the page, how replies come, and what the sliders do.

use std::path::Path;

use maskarad::config::environment::Environment;
use maskarad::config::manifest;
use serde_json::json;

use super::{Hall, count};

/// The key that moves a slider to its least.
const HOME: &str = "\u{E011}";
const ENTER: &str = "\u{E007}";
/// The most that all of the page may weigh.
const WEIGHT: u64 = 150_000;
/// Milliseconds until something is to be seen; other tests run beside this one.
const PAINT: f64 = 1000.0;

impl Hall {
    async fn talk(&self) {
        self.visit("#/", "#say").await;
    }

    /// Says something, and waits for the reply.
    async fn say(&self, text: &str) -> String {
        self.browser.keys("#say", &format!("{text}{ENTER}")).await;
        self.replied().await
    }

    async fn again(&self) -> String {
        self.browser.click("#regenerate").await;
        self.replied().await
    }

    async fn replied(&self) -> String {
        let done = "document.querySelector('.bubble.theirs:last-child') && !document.querySelector('[aria-busy]')";
        self.browser.until(&format!("{done} && document.querySelector('#regenerate')")).await;
        self.said().await.pop().unwrap()
    }

    /// The prompt of the last reply.
    async fn prompt(&self) -> String {
        self.browser.click("#whyPrompt").await;
        let prompt = self.browser.text("dialog pre").await;
        let tokens = self.browser.js("return [...document.querySelectorAll('.tokens li')].length").await;
        assert!(count(&tokens) > 4, "{prompt}: {tokens} tokens");
        self.browser.click("dialog .primary").await;
        self.browser.until("!document.querySelector('dialog')").await;
        prompt
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_first_visit_is_light_quick_and_clean() {
    let Some(hall) = Hall::open().await else { return };
    let browser = &hall.browser;
    browser.requests().await;
    hall.talk().await;
    assert_eq!(browser.js("return document.title").await, "Беседа · Maskarad");
    assert_eq!(browser.js("return document.documentElement.lang").await, "ru", "as the browser prefers");

    let origin = format!("http://{}/", hall.address);
    let requests = browser.requests().await;
    assert!(requests.len() > 5 && requests.iter().all(|request| request.starts_with(&origin)), "{requests:?}");
    assert_eq!(browser.complaints().await, [""; 0]);

    let of_page = "performance.getEntriesByType('navigation').concat(performance.getEntriesByType('resource'))";
    let weight = browser.js(&format!("return {of_page}.reduce((sum, entry) => sum + entry.decodedBodySize, 0)")).await;
    let paint = "performance.getEntriesByName('first-contentful-paint')[0]";
    browser.until(paint).await;
    let paint = browser.js(&format!("return {paint}.startTime")).await.as_f64().unwrap();
    eprintln!("the page weighs {weight} bytes, and is first painted after {paint:.0} ms");
    assert!(count(&weight) <= WEIGHT && count(&weight) > 20_000, "{weight} bytes");
    assert!(paint < 3.0 * PAINT, "{paint} ms");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reply_comes_piece_by_piece_and_the_conversation_stays() {
    let Some(hall) = Hall::open().await else { return };
    let browser = &hall.browser;
    hall.talk().await;
    browser
        .js("window.seen = new Set(); new MutationObserver(() => { const text = \
             document.querySelector('.bubble[aria-busy] .text')?.textContent; if (text) seen.add(text); }).observe(\
             document.querySelector('.log'), { childList: true, subtree: true, characterData: true })")
        .await;
    let mut reply = String::new();
    for turn in 0..8 {
        reply = hall.say(&format!("расскажи что-нибудь, {turn}")).await;
        if count(&browser.js("return seen.size").await) > turn + 2 {
            break;
        }
    }
    let pieces = count(&browser.js("return seen.size").await);
    assert!(pieces > 2, "{pieces} states of the reply were seen");
    let note = browser.text(".bubble.theirs:last-child .note").await;
    for part in ["ток", "мс", "зерно"] {
        assert!(note.contains(part), "{note}");
    }
    let said = hall.said().await;
    browser.reload().await;
    browser.until("document.querySelector('.bubble')").await;
    assert_eq!((hall.said().await, said.last()), (said.clone(), Some(&reply)), "a reload forgets nothing");
    browser.click("#clear").await;
    browser.until("!document.querySelector('.bubble')").await;
    assert_eq!(browser.complaints().await, [""; 0]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sliders_reach_the_engine_and_the_manifest() {
    let Some(hall) = Hall::open().await else { return };
    let browser = &hall.browser;
    hall.talk().await;
    // The likeliest tokens are the same each time, whatever the seed.
    browser.keys("#temperature", HOME).await;
    assert_eq!(browser.text("output[for=temperature]").await, "0");
    let first = hall.say("ты где сейчас?").await;
    let seed = browser.js("return document.getElementById('seed').value").await;
    assert_eq!(hall.again().await, first, "nothing is drawn by chance");
    assert_ne!(browser.js("return document.getElementById('seed').value").await, seed, "each reply has a new seed");

    let second = hall.say("а куда ты едешь?").await;
    let prompt = hall.prompt().await;
    assert!(prompt.contains("ты где сейчас") && prompt.contains("куда ты едешь"), "{prompt}");
    assert!(!prompt.contains(&second) || second.is_empty(), "what it answered is no part of why: {prompt}");
    browser.keys("#context_length", HOME).await;
    let prompt = hall.prompt().await;
    assert!(!prompt.contains("ты где сейчас") && prompt.contains("куда ты едешь"), "{prompt}");

    browser
        .tell("Browser.grantPermissions", json!({ "permissions": ["clipboardReadWrite", "clipboardSanitizedWrite"] }))
        .await;
    browser.click("#copy-yaml").await;
    browser.until("document.querySelector('#notice p')").await;
    let yaml = browser.later("navigator.clipboard.readText().then(done, (error) => done(String(error)))").await;
    let yaml = yaml.as_str().unwrap();
    let text = format!("name: a\ntemplate: rudialogpt\nmodel: {{ path: {:?} }}\n{yaml}", hall.stage.model);
    let persona = manifest::parse(Path::new("a.yaml"), &text, Environment::new(&|_| None));
    let persona = persona.unwrap_or_else(|problems| panic!("{problems}\n{yaml}"));
    assert!(!persona.generation.do_sample, "{yaml}");
    assert_eq!((persona.generation.max_new_tokens, persona.chat_defaults.context_length), (64, 0), "{yaml}");

    browser.click("#as-manifest").await;
    assert_eq!(browser.text("output[for=context_length]").await, "4");
    // A pinned seed says the same again, and another one doesn't.
    let drawn = hall.again().await;
    browser.click("#pin").await;
    assert_eq!(hall.again().await, drawn);
    browser.click("#pin").await;
    let mut others = vec![hall.again().await, hall.again().await, hall.again().await];
    others.retain(|other| *other != drawn);
    assert!(!others.is_empty(), "a new seed, other words");
    assert_eq!(browser.complaints().await, [""; 0]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refusal_is_said_in_words_and_can_be_tried_again() {
    let Some(hall) = Hall::open().await else { return };
    let browser = &hall.browser;
    hall.talk().await;
    hall.daemon.signal("STOP");
    browser.keys("#say", &format!("есть кто?{ENTER}")).await;
    browser.until("document.querySelector('[aria-busy]')").await;
    // The same button stops a reply that doesn't come.
    browser.click("#send").await;
    browser.until("!document.querySelector('[aria-busy]') && document.querySelector('#tryAgain')").await;
    hall.daemon.signal("CONT");
    browser.click("#tryAgain").await;
    assert!(!hall.replied().await.is_empty());
    hall.daemon.signal("KILL");
    browser.click("#regenerate").await;
    browser.until("document.querySelector('.talk [role=alert]').textContent.includes('не отвечает')").await;
}
