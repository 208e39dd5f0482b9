//! Who looks after the daemon: logging in, how it fares, its chats, and what was changed.

use super::{Hall, count};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_link_logs_in_once_and_leaves_no_trace_in_the_address() {
    let Some(hall) = Hall::open().await else { return };
    let browser = &hall.browser;
    hall.visit("#/live", "#key").await;
    assert!(browser.text("main pre").await.contains("maskarad console-link"));
    browser.write("#key", "mk_nobody-has-made-this-one").await;
    browser.click("form .primary").await;
    browser.until("document.querySelector('form [role=alert]').textContent").await;
    let wrong = format!("http://{}/#login={}", hall.address, "0".repeat(64));
    browser.goto("about:blank").await;
    browser.goto(&wrong).await;
    browser.until("document.querySelector('#notice p')").await;
    assert_eq!(count(&browser.js("return document.querySelectorAll('#logout').length").await), 0);

    let link = hall.log_in().await;
    let secret = link.split_once("#login=").unwrap().1;
    assert!(!browser.address().await.contains(secret));
    assert!(!hall.daemon.log().contains(secret));
    browser.click("#logout").await;
    browser.until("!document.querySelector('#logout')").await;
    browser.goto("about:blank").await;
    browser.goto(&link).await;
    browser.until("document.querySelector('#notice p')").await;
    assert!(!browser.address().await.contains(secret), "a link that is used up doesn't stay there either");
    assert_eq!(count(&browser.js("return document.querySelectorAll('#logout').length").await), 0, "once");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_daemon_tells_how_it_fares() {
    let Some(hall) = Hall::open().await else { return };
    let browser = &hall.browser;
    hall.open_room("Кухня").await;
    browser.click("#insanity-avtobus").await;
    browser.keys("#say", "как дела?\u{E007}").await;
    browser.until("document.querySelectorAll('.bubble').length === 2").await;
    hall.log_in().await;
    browser.complaints().await;
    hall.visit("#/live", ".tile").await;
    browser.until("document.querySelectorAll('.cards .card').length === 2").await;
    // A rate needs two looks, two seconds apart.
    browser.until("document.querySelector('.spark polyline')?.getAttribute('points').split(' ').length > 1").await;
    let told = browser.text("main").await;
    for part in ["Автобус", "Полксон", "готов", "Кухня"] {
        assert!(told.contains(part), "{part} isn't in\n{told}");
    }
    let latency = "[...document.querySelectorAll('.tile')].find((tile) => tile.textContent.includes('95')).querySelector('dd').textContent";
    browser.until(&format!("/\\d.*\\/.*\\d/.test({latency})")).await;
    assert_eq!(browser.complaints().await, [""; 0]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn chats_are_found_set_read_and_forgotten_and_all_of_it_is_noted() {
    let Some(hall) = Hall::open().await else { return };
    let browser = &hall.browser;
    hall.open_room("Кухня").await;
    hall.browser.keys("#say", "Автобус, запомни это\u{E007}").await;
    browser.until("document.querySelectorAll('.bubble').length >= 1").await;
    hall.log_in().await;
    browser.complaints().await;
    hall.visit("#/chats", ".chats .card").await;
    browser.write("#search", "КУХ").await;
    browser.until("document.querySelectorAll('.chats .card').length === 2").await;
    browser.click("#of option[value=avtobus]").await;
    browser.until("document.querySelectorAll('.chats .card').length === 1").await;

    browser.click(".chats select option[value=true]").await;
    browser.until("document.querySelector('.scroll').textContent.includes('безумие: on')").await;
    browser.reload().await;
    browser.until("document.querySelector('.chats select')?.value").await;
    browser.click("#of option[value=avtobus]").await;
    browser.until("document.querySelectorAll('.chats .card').length === 1").await;
    assert_eq!(browser.js("return document.querySelector('.chats select').value").await, "true");
    browser.click(".chats select option[value=null]").await;
    browser.until("document.querySelector('.scroll').textContent.includes('безумие: manifest')").await;

    browser.click(".chats button:not(.danger)").await;
    browser.until("document.querySelector('.texts').textContent.includes('запомни это')").await;
    browser.until("document.querySelector('.scroll').textContent.includes('чтение сообщений')").await;
    browser.click(".chats .danger").await;
    browser.click("dialog .danger").await;
    browser.until("document.querySelector('.scroll').textContent.includes('забыто')").await;
    assert!(!browser.text(".scroll").await.contains("запомни"), "the log of changes holds no text");
    assert_eq!(browser.complaints().await, [""; 0]);
}
