//! Pages as Telegram Desktop writes them, with what only they have.

use maskarad_trainer::corpus::import::ImportOptions;

use super::{Scene, shown};

const HEAD: &str = "<!DOCTYPE html><html><body><div class=\"page_header\"><div class=\"content\"><div class=\"text bold\">\nЧат \n\
</div></div></div><div class=\"page_body chat_page\"><div class=\"history\">\n\
<a class=\"pagination block_link\" href=\"messages.html\">Previous messages</a>\n";
const FOOT: &str = "</div></div></body></html>\n";

fn message(class: &str, id: i64, clock: &str, inside: &str) -> String {
    format!(
        "<div class=\"message default clearfix{class}\" id=\"message{id}\"><div class=\"pull_left userpic_wrap\"></div>\n\
         <div class=\"body\"><div class=\"pull_right date details\" title=\"{clock} UTC+03:00\">\n{clock}\n</div>{inside}</div></div>\n"
    )
}

fn import(pages: &[String]) -> Vec<String> {
    let scene = Scene::new();
    for (index, page) in pages.iter().enumerate() {
        let name = if index == 0 { "messages.html".to_owned() } else { format!("messages{}.html", index + 1) };
        scene.write(&name, format!("{HEAD}{page}{FOOT}"));
    }
    scene.import("", &ImportOptions::default()).unwrap().1.iter().map(shown).collect()
}

#[test]
fn joined_messages_are_by_the_author_before_also_across_pages() {
    let first = [
        message(
            "",
            1,
            "31.12.2023 23:50:00",
            "<div class=\"from_name\">\nАня \n</div><div class=\"text\">\nпривет\n</div>",
        ),
        message(" joined", 2, "31.12.2023 23:58:00", "<div class=\"text\">\nкто тут?\n</div>"),
    ];
    let second = [
        "<div class=\"message service\" id=\"message-2\"><div class=\"body details\">\n1 January 2024\n</div></div>"
            .to_owned(),
        message(" joined", 3, "01.01.2024 00:05:00", "<div class=\"text\">\nэй\n</div>"),
        message(
            "",
            4,
            "01.01.2024 00:06:00",
            "<div class=\"from_name\">\nБоря <span class=\"details\"> via @vid</span></div>\
             <div class=\"reply_to details\">\nIn reply to <a href=\"messages.html#go_to_message1\">this message</a>\n</div>\
             <div class=\"text\">\nя\n</div>",
        ),
    ];
    assert_eq!(import(&[first.concat(), second.concat()]), ["Аня: привет / Боря: я", "Аня: кто тут?", "Аня: эй"]);
}

#[test]
fn forwards_name_others_and_change_no_author() {
    let page = [
        message("", 1, "01.01.2024 10:00:00", "<div class=\"from_name\">\nАня\n</div><div class=\"text\">\nдо\n</div>"),
        message(
            " joined",
            2,
            "01.01.2024 10:00:10",
            "<div class=\"pull_left forwarded userpic_wrap\"></div><div class=\"forwarded body\"><div class=\"from_name\">\nЧужой \
             <span class=\"date details\" title=\"01.01.2020 10:00:00\"> 01.01.2020</span></div><div class=\"text\">\nчужое\n</div></div>",
        ),
        message(" joined", 3, "01.01.2024 10:00:20", "<div class=\"text\">\nпосле\n</div>"),
    ];
    assert_eq!(import(&[page.concat()]), ["Аня: до", "Аня: после"]);
}

#[test]
fn marks_of_texts_become_text() {
    let text = "раз<br>два <strong>три</strong> <a href=\"\" onclick=\"return ShowHashtag('x')\">#тег</a> &lt;b&gt; &amp;amp; \
                <span class=\"spoiler hidden\" onclick=\"ShowSpoiler(this)\"><span aria-hidden=\"true\">тайное</span></span> 😀\
                <pre>x  =\u{a0}1</pre>";
    let inside = format!(
        "<div class=\"from_name\">\nАня\n</div><div class=\"text\">\n{text}\n     </div><div class=\"signature details\">\nподпись\n</div>"
    );
    let page = message("", 1, "01.01.2024 10:00:00", &inside);
    assert_eq!(import(&[page]), ["Аня: раз⏎два три #тег <b> &amp; тайное 😀x  =\u{a0}1"]);
}
