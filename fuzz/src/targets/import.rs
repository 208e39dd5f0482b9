//! Foreign files for a corpus: any bytes are read or refused with their place, and what was read is a corpus.

use std::path::Path;

use maskarad_trainer::corpus::import::{Dropped, ImportError, ImportOptions, Sink, telegram};
use maskarad_trainer::corpus::record::Dialogue;

use super::Target;
use super::checkpoint::folder;

pub(super) const TELEGRAM_JSON: Target = Target {
    name: "telegram_json",
    run: telegram_json,
    words: &[
        "{\"messages\":[",
        "{\"chats\":{\"list\":[",
        "\"left_chats\":{\"list\":[",
        "\"id\":",
        "\"type\":\"message\",",
        "\"type\":\"service\",",
        "\"date\":\"2024-01-31T23:59:59\",",
        "\"date_unixtime\":\"1706734799\",",
        "\"from\":null,",
        "\"from_id\":\"user1\",",
        "\"from_id\":-1001234567890,",
        "\"forwarded_from\":null,",
        "\"reply_to_message_id\":",
        "\"reply_to_peer_id\":\"channel5\",",
        "\"text\":\"да\"",
        "\"text\":[\"да\",{\"type\":\"link\",\"text\":\"x\"}]",
        "\"text_entities\":[",
        "\"media_type\":\"sticker\",",
        "9223372036854775807",
        "\\ud800",
        "},{",
        "]}",
    ],
};

pub(super) const TELEGRAM_HTML: Target = Target {
    name: "telegram_html",
    run: telegram_html,
    words: &[
        "<div class=\"history\">",
        "<div class=\"message default clearfix\" id=\"message5\">",
        "<div class=\"message default clearfix joined\" id=\"message6\">",
        "<div class=\"message service\" id=\"message-1\">",
        "<div class=\"body\">",
        "<div class=\"forwarded body\">",
        "<div class=\"pull_right date details\" title=\"31.01.2024 23:59:59 UTC+03:00\">",
        "<div class=\"from_name\">",
        "<div class=\"reply_to details\"><a href=\"messages2.html#go_to_message5\">",
        "<div class=\"text\">",
        "<div class=\"media clearfix media_photo\">",
        "<br>",
        "</div>",
        "</html>",
        "<table><tr><svg><math><template>",
        "<!--",
        "<![CDATA[",
        "&amp;",
        "&#x110000;",
        "\u{0}",
    ],
};

fn telegram_json(data: &[u8]) {
    imported("result.json", data, telegram::read);
}

fn telegram_html(data: &[u8]) {
    imported("messages.html", data, telegram::read);
}

/// Imports a file of these bytes.
pub(super) fn imported(
    name: &str,
    data: &[u8],
    read: fn(&Path, &ImportOptions, &mut Dropped, &mut Sink) -> Result<(), ImportError>,
) {
    let folder = folder();
    let path = folder.path().join(name);
    std::fs::write(&path, data).expect("a temporary folder can be written to");
    let options = ImportOptions::default();
    let mut sink = |dialogue: Dialogue| {
        sound(&dialogue, options.rules.context);
        Ok(())
    };
    if let Err(error) = read(&path, &options, &mut Dropped::default(), &mut sink) {
        let told = error.to_string();
        assert!(told.starts_with(&path.display().to_string()), "an error without its file");
    }
}

/// Whether it can be written and read again, and is no longer than was asked for.
fn sound(dialogue: &Dialogue, context: usize) {
    let written = serde_json::to_string(dialogue).expect("a dialogue can be written");
    let read: Dialogue = serde_json::from_str(&written).expect("and read");
    assert_eq!(read, *dialogue);
    assert!((1..=context + 1).contains(&dialogue.turns.len()));
    assert!(dialogue.turns.iter().all(|turn| !turn.text.trim().is_empty() && !turn.author.id.is_empty()));
}
