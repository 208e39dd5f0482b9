//! How every page looks: in both languages, light and dark, on a phone, and to axe-core. `make screenshots` keeps pictures.

use std::path::Path;

use super::{Hall, axe, count};

/// Pages by name and address, with what tells that they are drawn.
const PAGES: [(&str, &str, &str); 5] = [
    ("talk", "#/", ".bubble.theirs .note"),
    ("rooms", "#/rooms", ".rooms li"),
    ("room", "", ".bubble.theirs"),
    ("live", "#/live", ".spark polyline[points*=' ']"),
    ("chats", "#/chats", ".chats .card"),
];
const PHONE: (u32, u32) = (360, 740);
const DESK: (u32, u32) = (1100, 720);
/// Languages and themes, each once at a desk and once on a phone.
const LOOKS: [Look; 4] = [("ru", "light", DESK), ("en", "dark", DESK), ("ru", "dark", PHONE), ("en", "light", PHONE)];

/// A language, a theme, and how wide and high the screen is.
type Look = (&'static str, &'static str, (u32, u32));

impl Hall {
    /// Something to be seen on each page.
    async fn furnish(&self) {
        self.visit("#/", "#say").await;
        for text in ["ты где?", "а куда едешь?"] {
            self.browser.keys("#say", &format!("{text}\u{E007}")).await;
            self.browser.until("!document.querySelector('[aria-busy]') && document.querySelector('#regenerate')").await;
        }
        self.open_room("Кухня").await;
        for persona in ["avtobus", "polkson"] {
            self.browser.click(&format!("#insanity-{persona}")).await;
        }
        self.browser.write("#author", "Аня").await;
        self.browser.keys("#say", "всем привет! кто едет на море?\u{E007}").await;
        self.browser.until("document.querySelectorAll('.bubble').length >= 3").await;
    }

    async fn paint(&self, (language, theme, (width, height)): Look) {
        self.browser.resize(width, height).await;
        self.browser.js(&format!("localStorage.language = '{language}'; localStorage.theme = '{theme}'")).await;
    }

    /// Nothing reaches beyond the screen's edge, and whatever is pressed is large enough for a thumb.
    async fn fits(&self, name: &str) {
        let beyond = self.browser.js("return document.documentElement.scrollWidth - innerWidth").await;
        assert!(beyond.as_i64().unwrap() <= 0, "{name}: {beyond} pixels too wide");
        let small = "[...document.querySelectorAll('button, nav a, select, textarea, input:not([type=checkbox]), summary, .check')]\
            .filter((element) => element.offsetParent).filter((element) => element.getBoundingClientRect().height < 43.5)\
            .map((element) => element.id || element.textContent)";
        let small = self.browser.js(&format!("return {small}")).await;
        assert_eq!(small.as_array().unwrap().len(), 0, "{name}: too small: {small}");
    }

    #[expect(clippy::disallowed_methods, reason = "pictures are kept where the environment says so")]
    async fn keep(&self, name: &str, (language, _, size): Look) {
        let wanted = std::env::var_os("MASKARAD_SCREENSHOTS").is_some();
        if wanted && language == "en" && ["talk", "room", "live"].contains(&name) {
            let screen = if size == PHONE { "-phone" } else { "" };
            let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/images");
            std::fs::write(folder.join(format!("console-{name}{screen}.png")), self.browser.picture().await).unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_page_can_be_read_by_everybody() {
    let (Some(hall), Some(script)) = (Hall::open().await, axe::script()) else { return };
    let browser = &hall.browser;
    hall.furnish().await;
    let room = browser.address().await.split_once('#').unwrap().1.to_owned();
    hall.visit("#/live", "#key").await;
    let mut found = vec![("login".to_owned(), axe::violations(browser, &script).await)];
    hall.log_in().await;
    for look @ (language, theme, size) in LOOKS {
        hall.paint(look).await;
        for (name, path, there) in PAGES {
            let path = if path.is_empty() { format!("#{room}") } else { path.to_owned() };
            browser.goto("about:blank").await;
            hall.visit(&path, there).await;
            let what = format!("{name}, {language}, {theme}, {} pixels wide", size.0);
            assert_eq!(browser.js("return document.documentElement.lang").await, language, "{what}");
            hall.fits(&what).await;
            hall.keep(name, look).await;
            if name == "talk" {
                browser.click("#whyPrompt").await;
                browser.until("document.querySelector('.tokens li')").await;
                found.push((format!("prompt, {what}"), axe::violations(browser, &script).await));
                browser.click("dialog .primary").await;
            }
            found.push((what, axe::violations(browser, &script).await));
        }
    }
    let looks = found.len();
    found.retain(|(_, violations)| !violations.is_empty());
    eprintln!("axe-core looked {looks} times, and found something wrong {} times", found.len());
    assert!(found.is_empty(), "{found:#?}");
    assert_eq!(browser.complaints().await, [""; 0]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn language_and_light_are_switched_and_kept() {
    let Some(hall) = Hall::open().await else { return };
    let browser = &hall.browser;
    hall.visit("#/", "#say").await;
    browser.js("document.querySelector('#context_length').value = 9; document.querySelector('#context_length').dispatchEvent(new Event('input'))").await;
    browser.click("#language").await;
    browser.until("document.documentElement.lang === 'en'").await;
    browser.until("document.querySelector('output[for=context_length]')?.textContent === '9'").await;
    assert_eq!(browser.text("#send").await, "Send");
    let back = |script: &str| format!("return getComputedStyle(document.documentElement).{script}");
    let light = browser.js(&back("backgroundColor")).await;
    browser.click("#theme").await;
    let dark = browser.js(&back("backgroundColor")).await;
    assert_ne!(light, dark);
    browser.reload().await;
    browser.until("document.querySelector('#say')").await;
    assert_eq!(browser.js("return document.documentElement.lang").await, "en");
    assert_eq!(browser.js(&back("backgroundColor")).await, dark);

    // Everything is reached by the keyboard alone: the first stop leads past the navigation.
    browser.keys("body", "\u{E004}").await;
    assert_eq!(browser.js("return document.activeElement.id").await, "skip");
    browser.keys("#skip", "\u{E007}").await;
    assert_eq!(browser.js("return document.activeElement.id").await, "main");
    assert!(browser.address().await.ends_with("/#/"), "the page stays the same");
    assert_eq!(count(&browser.js("return document.querySelectorAll('#say').length").await), 1);
    assert_eq!(browser.complaints().await, [""; 0]);
}
