//! A group without Telegram: several personas, people, and what they say to each other.

use std::time::{Duration, Instant};

use super::{Hall, count};
use crate::support::host::SOON;

const ENTER: &str = "\u{E007}";
/// Control and A, and Control let go.
const SELECT_ALL: &str = "\u{E009}a\u{E000}";
/// How long nobody speaks before a room counts as silent: a reply takes a tenth of it.
const SILENCE: Duration = Duration::from_secs(2);

impl Hall {
    async fn write_to_room(&self, text: &str) {
        self.browser.keys("#say", &format!("{text}{ENTER}")).await;
    }

    async fn until_said(&self, messages: usize) {
        self.browser.until(&format!("document.querySelectorAll('.bubble').length >= {messages}")).await;
    }

    async fn switch(&self, persona: &str, wanted: bool) {
        let css = format!("#insanity-{persona}");
        self.browser.click(&css).await;
        let is = format!("document.querySelector({css:?}).getAttribute('aria-checked') === '{wanted}'");
        self.browser.until(&is).await;
    }

    /// Names above the messages.
    async fn speakers(&self) -> Vec<String> {
        let names = "[...document.querySelectorAll('.bubble .author')].map((author) => author.childNodes[author.querySelector('svg') ? 1 : 0].textContent)";
        let names = self.browser.js(&format!("return {names}")).await;
        names.as_array().unwrap().iter().map(|name| name.as_str().unwrap().to_owned()).collect()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_personas_answer_one_message_and_then_the_room_falls_silent() {
    let Some(hall) = Hall::open().await else { return };
    let browser = &hall.browser;
    hall.open_room("Кухня").await;
    assert_eq!(browser.text("h1").await, "Кухня");
    for persona in ["avtobus", "polkson"] {
        hall.switch(persona, true).await;
    }
    browser.write("#author", "Аня").await;
    hall.write_to_room("всем привет!").await;
    hall.until_said(3).await;
    tokio::time::sleep(SILENCE).await;
    let mut speakers = hall.speakers().await;
    assert_eq!(speakers.remove(0), "Аня");
    speakers.sort();
    assert_eq!(speakers, ["Автобус", "Полксон"], "each answers once, and neither answers the other");

    // Whoever comes back sees the same.
    let said = hall.said().await;
    browser.reload().await;
    hall.until_said(3).await;
    assert_eq!(hall.said().await, said);

    for persona in ["avtobus", "polkson"] {
        hall.switch(persona, false).await;
    }
    hall.write_to_room("никого не зову").await;
    hall.until_said(4).await;
    tokio::time::sleep(SILENCE).await;
    assert_eq!(hall.said().await.len(), 4, "without insanity nobody answers what isn't meant for them");

    browser.click(".bubble:nth-child(2) .answer").await;
    hall.write_to_room("а это тебе").await;
    hall.until_said(6).await;
    let speakers = hall.speakers().await;
    assert_eq!(speakers[1], speakers[5], "who is replied to answers: {speakers:?}");
    assert_eq!(browser.text(".bubble:nth-child(5) blockquote b").await, speakers[1]);
    assert_eq!(browser.complaints().await, [""; 0]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn personas_come_and_go_and_a_room_can_be_deleted() {
    let Some(hall) = Hall::open().await else { return };
    let browser = &hall.browser;
    hall.open_room("Прихожая").await;
    browser.click(".seat:nth-of-type(2) .spread button").await;
    browser.until("document.querySelectorAll('.seat').length === 1").await;
    browser.click(".seats > button").await;
    browser.until("document.querySelectorAll('.seat').length === 2").await;
    browser.keys("#context-avtobus", SELECT_ALL).await;
    browser.keys("#context-avtobus", "7\u{E004}").await;
    let kept = "fetch('/console' + location.hash.slice(1)).then((answer) => answer.json()).then(({ personas }) => \
                done(personas.find(({ name }) => name === 'avtobus').context_length))";
    let deadline = Instant::now() + SOON;
    while count(&browser.later(kept).await) != 7 {
        assert!(Instant::now() < deadline, "the number isn't kept");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }

    browser.click("h1 ~ .danger").await;
    browser.click("dialog button").await;
    browser.until("!document.querySelector('dialog')").await;
    assert_eq!(browser.text("h1").await, "Прихожая", "who doesn't agree loses nothing");
    browser.click("h1 ~ .danger").await;
    browser.click("dialog .danger").await;
    browser.until("document.querySelector('#title')").await;
    assert_eq!(count(&browser.js("return document.querySelectorAll('.rooms li').length").await), 0);
    assert_eq!(browser.complaints().await, [""; 0]);
}
