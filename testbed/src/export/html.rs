//! As the `messages*.html` of Telegram Desktop.

use std::collections::HashMap;
use std::fmt::Write;
use std::io::Result;
use std::path::Path;

use time::OffsetDateTime;

use super::json::AHEAD;
use super::message::{Content, Fragment, Message, Person, Reply};
use super::{Chat, ExportSpec};

const HEAD: &str = "<!DOCTYPE html>\n<html>\n\n <head>\n\n  <meta charset=\"utf-8\"/>\n  <title>Exported Data</title>\n\n </head>\n\n \
<body onload=\"CheckLocation();\">\n\n  <div class=\"page_wrap\">\n\n   <div class=\"page_header\">\n\n    <div class=\"content\">\n\n     \
<div class=\"text bold\">\nДрузья &amp; &lt;Co&gt; \n     </div>\n\n    </div>\n\n   </div>\n\n   \
<div class=\"page_body chat_page\">\n\n    <div class=\"history\">\n\n";

const FOOT: &str = "    </div>\n\n   </div>\n\n  </div>\n\n </body>\n\n</html>\n";

/// Writes the pages of a chat, so many messages on each, into a folder.
///
/// # Errors
/// It can't be written to.
pub fn write_pages(spec: ExportSpec, on_a_page: usize, folder: &Path) -> Result<()> {
    let messages: Vec<Message> = Chat::new(spec).collect();
    let pages: HashMap<i64, usize> =
        messages.iter().enumerate().map(|(at, message)| (message.id, at / on_a_page)).collect();
    for (number, page) in messages.chunks(on_a_page).enumerate() {
        let mut text = HEAD.to_owned();
        let mut before: Option<&Message> = None;
        for message in page {
            heading(message, before, &mut text);
            let page_of_target = match message.reply {
                Reply::To(id) => pages.get(&id).copied().filter(|page| *page != number),
                _ => None,
            };
            write_message(spec, message, before, page_of_target, &mut text);
            before = Some(message);
        }
        text.push_str(FOOT);
        std::fs::write(folder.join(page_name(number)), text)?;
    }
    Ok(())
}

fn page_name(number: usize) -> String {
    if number == 0 { "messages.html".to_owned() } else { format!("messages{}.html", number + 1) }
}

/// A day begins.
fn heading(message: &Message, before: Option<&Message>, text: &mut String) {
    let day = |message: &Message| date_and_clock(message.unix).0;
    if before.map(day) != Some(day(message)) {
        let [date, month, year] = day(message);
        let number = -(message.id % 900) - 1;
        text.push_str(&service(number, &format!("{date} {month} {year}")));
    }
}

fn service(id: i64, words: &str) -> String {
    format!(
        "     <div class=\"message service\" id=\"message{id}\">\n\n      <div class=\"body details\">\n{words}\n      </div>\n\n     </div>\n\n"
    )
}

fn write_message(
    spec: ExportSpec,
    message: &Message,
    before: Option<&Message>,
    page_of_target: Option<usize>,
    text: &mut String,
) {
    if message.content == Content::Service {
        return text.push_str(&service(message.id, "Аня pinned <a href=\"#go_to_message1\">this message</a>"));
    }
    let joined = before.is_some_and(|before| joins(before, message));
    let class = if joined { " joined" } else { "" };
    let (date, clock) = date_and_clock(message.unix);
    let offset = if spec.offsets { " UTC+03:00" } else { "" };
    let title = format!("{:02}.{:02}.{:04} {clock}{offset}", date[0], date[1], date[2]);
    let _ = write!(
        text,
        "     <div class=\"message default clearfix{class}\" id=\"message{}\">\n\n      <div class=\"body\">\n\n       \
         <div class=\"pull_right date details\" title=\"{title}\">\n{}\n       </div>\n\n",
        message.id,
        &clock[..5]
    );
    if !joined {
        let _ = write!(text, "       <div class=\"from_name\">\n{} \n       </div>\n\n", shown(message.person));
    }
    let page = page_of_target.map(page_name).unwrap_or_default();
    match message.reply {
        Reply::Nothing => {}
        Reply::To(id) => reply(&format!("In reply to <a href=\"{page}#go_to_message{id}\">this message</a>"), text),
        Reply::Elsewhere => reply("In reply to a message in another chat", text),
    }
    content(&message.content, text);
    text.push_str("      </div>\n\n     </div>\n\n");
}

fn joins(before: &Message, message: &Message) -> bool {
    let plain = |message: &Message| matches!(message.content, Content::Text { .. } | Content::Media(_));
    plain(before) && plain(message) && before.person == message.person && message.unix - before.unix < 900
}

fn shown(person: Person) -> String {
    escaped(person.name.unwrap_or("Deleted Account"))
}

fn reply(words: &str, text: &mut String) {
    let _ = write!(text, "       <div class=\"reply_to details\">\n{words}\n       </div>\n\n");
}

fn content(content: &Content, text: &mut String) {
    let media = |class: &str, title: &str| {
        format!(
            "       <div class=\"media_wrap clearfix\">\n        <div class=\"media clearfix pull_left {class}\">\n         \
             <div class=\"body\">\n          <div class=\"title bold\">\n{title}\n          </div>\n         </div>\n        \
             </div>\n       </div>\n\n"
        )
    };
    match content {
        Content::Text { fragments, photo, .. } => {
            if *photo {
                text.push_str(&media("media_photo", "Photo"));
            }
            let words: String = fragments.iter().map(fragment).collect();
            let _ = write!(text, "       <div class=\"text\">\n{words}\n       </div>\n\n");
        }
        Content::Media("sticker") => text.push_str(&media("media_photo", "Sticker")),
        Content::Media("photo") => text.push_str(&media("media_photo", "Photo")),
        Content::Media("voice_message") => text.push_str(&media("media_voice_message", "Voice message")),
        Content::Media("video_message") => text.push_str(&media("media_video", "Video message")),
        Content::Media("animation") => text.push_str(&media("media_video", "Animation")),
        Content::Media(_) => text.push_str("<div class=\"media_wrap\"><div class=\"media_poll\">да?</div></div>\n"),
        Content::Forward { from } => {
            let from = escaped(from.unwrap_or("Deleted Account"));
            let _ = write!(
                text,
                "       <div class=\"forwarded body\">\n        <div class=\"from_name\">\n{from}<span class=\"date details\" \
                 title=\"01.01.2020 00:00:00\"> 01.01.2020</span>\n        </div>\n        <div class=\"text\">\nчужие слова\n        \
                 </div>\n       </div>\n"
            );
        }
        Content::Service => {}
    }
}

fn fragment(fragment: &Fragment) -> String {
    match fragment {
        Fragment::Plain(text) => escaped(text),
        Fragment::Styled(kind, text) => {
            let text = escaped(text);
            match *kind {
                "bold" => format!("<strong>{text}</strong>"),
                "italic" => format!("<em>{text}</em>"),
                "code" => format!("<code>{text}</code>"),
                "blockquote" => format!("<blockquote>{text}</blockquote>"),
                "spoiler" => format!(
                    "<span class=\"spoiler hidden\" onclick=\"ShowSpoiler(this)\"><span aria-hidden=\"true\">{text}</span></span>"
                ),
                _ => format!("<a href=\"https://example.org/?a=1&amp;b=2\">{text}</a>"),
            }
        }
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('\'', "&apos;")
        .replace('\n', "<br>")
}

/// Day, month and year, and `23:59:59`, by the clock of the export.
pub(super) fn date_and_clock(unix: i64) -> ([i32; 3], String) {
    let time = OffsetDateTime::from_unix_timestamp(unix + AHEAD).expect("a chat's years have four digits");
    let clock = format!("{:02}:{:02}:{:02}", time.hour(), time.minute(), time.second());
    ([time.day().into(), u8::from(time.month()).into(), time.year()], clock)
}
