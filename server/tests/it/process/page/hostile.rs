//! Text of strangers that would like to be markup.

use super::Hall;

const MARKUP: &str = "<img src=x onerror=alert(1)>";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn markup_of_strangers_is_text_everywhere() {
    let shown = "<b onclick=alert(2)>А</b><script>alert(3)</script>";
    let Some(hall) = Hall::with(&[("avtobus", shown), ("polkson", MARKUP)]).await else { return };
    let browser = &hall.browser;
    hall.visit("#/", "#say").await;
    browser.keys("#say", &format!("{MARKUP}\u{E007}")).await;
    browser.until("document.querySelector('#whyPrompt')").await;
    browser.click("#whyPrompt").await;
    browser.until("document.querySelector('dialog pre')").await;
    hall.inert(&[MARKUP, "<b onclick"]).await;

    hall.open_room(MARKUP).await;
    browser.write("#author", MARKUP).await;
    browser.click("#insanity-avtobus").await;
    browser.keys("#say", &format!("{MARKUP}\u{E007}")).await;
    browser.until("document.querySelectorAll('.bubble').length >= 2").await;
    assert_eq!(browser.text("h1").await, MARKUP);
    assert_eq!(browser.text(".bubble .text").await, MARKUP);
    assert!(browser.text(".bubble .author").await.starts_with(MARKUP));
    hall.inert(&[MARKUP, shown]).await;
    browser.click("h1 ~ .danger").await;
    hall.inert(&[MARKUP]).await;

    hall.visit("#/rooms", ".rooms li").await;
    hall.inert(&[MARKUP, shown]).await;
    hall.log_in().await;
    hall.visit("#/live", ".cards .card").await;
    hall.inert(&[MARKUP, shown]).await;
    hall.visit("#/chats", ".chats .card").await;
    browser.click(".chats button:not(.danger)").await;
    browser.until("document.querySelector('.texts b')").await;
    hall.inert(&[MARKUP]).await;
}

impl Hall {
    /// These texts can be read, nothing of them has become an element, and nothing complains.
    async fn inert(&self, texts: &[&str]) {
        let page = self.browser.js("return document.body.textContent").await;
        for text in texts {
            assert!(page.as_str().unwrap().contains(text), "{text} isn't in {page}");
        }
        let strange = "document.querySelectorAll('main img, main script, dialog img, [onclick], [onerror]').length";
        assert_eq!(self.browser.js(&format!("return {strange}")).await, 0);
        assert_eq!(self.browser.complaints().await, [""; 0]);
    }
}
