//! Cuts out what reaches people outside the chat: mentions that ping, links, phone numbers.

use std::sync::LazyLock;

use regex::Regex;

use crate::config::persona::Filter;

/// A link with a scheme, whatever follows up to the next white space.
static URL: LazyLock<Regex> = LazyLock::new(|| compiled(r"(?i)\b[a-z][a-z0-9+.-]*://\S+|\bmailto:\S+|\bwww\.\S+"));

/// A bare host, with a user before or a path behind, in the zones that Russian chats link to. A dot without a space behind
/// is common between sentences, so not every word behind a dot makes a host.
static HOST: LazyLock<Regex> = LazyLock::new(|| {
    compiled(
        r"(?ix)
        (?: [\w.+-]+ @ )? (?: [\p{L}\p{N}] [\p{L}\p{N}_-]* \. )+
        (?: ru | su | рф | рус | com | net | org | info | biz | edu | gov | io | me | co
          | ua | by | kz | uz | am | ge | md | de | uk | us | eu | fr | pl | cz | it | es | nl | fi | lv | lt | ee | cn | jp
          | tv | fm | ai | app | dev | xyz | club | online | site | shop | store | pro | top | space | fun | live | link
          | blog | wiki | news | website | tech | world | life | cc | gg | ly | to | gl | la | in | im | ws | bz | ph | ml
          | tk | cf | ga | gq | art | vip | moscow | tatar | agency | media | today | games | chat | team | click | icu
        ) \b (?: : \d+ )? (?: [/?\#] \S* )?
        | \b \d{1,3} (?: \. \d{1,3} ){3} \b (?: : \d+ )? (?: / \S* )?",
    )
});

/// Phone numbers: Russian ones with or without their prefix, and foreign ones with a plus. Ordinary numbers are shorter,
/// or are grouped by threes.
static PHONE: LazyLock<Regex> = LazyLock::new(|| {
    compiled(
        r"(?x)
        (?: \+ [\s(]* 7 | \b [78] ) [\s().\u{2010}-\u{2015}-]{0,3} [3-9]\d\d
            [\s().\u{2010}-\u{2015}-]{0,3} \d{3} [\s.\u{2010}-\u{2015}-]{0,3} \d\d [\s.\u{2010}-\u{2015}-]{0,3} \d\d \b
        | \+ \d (?: [\s().\u{2010}-\u{2015}-]{0,2} \d ){8,13} \b
        | \( \d{3,5} \) [\s-]{0,2} \d{1,3} [\s-]? \d\d [\s-]? \d\d \b
        | \b (?: [3-9]\d\d [\s-] )? \d{3} [\u{2010}-\u{2015}-] \d\d [\u{2010}-\u{2015}-] \d\d \b
        | \b 9\d{9} \b",
    )
});

/// An `@` that would make a mention. One that stands behind a Latin letter or a digit is part of an address.
static MENTION: LazyLock<Regex> = LazyLock::new(|| compiled(r"(^|[^A-Za-z0-9_])@+([A-Za-z0-9_])"));

/// The text without links and phone numbers, unless the manifest allows them, and without the `@` of mentions.
pub(super) fn cut(text: &str, filter: &Filter) -> String {
    let mut text = text.to_owned();
    if !filter.allow_links {
        text = cut_all(text, &URL);
        text = cut_all(text, &HOST);
    }
    if !filter.allow_phone_numbers {
        text = cut_all(text, &PHONE);
    }
    while MENTION.is_match(&text) {
        text = MENTION.replace_all(&text, "$1$2").into_owned();
    }
    text
}

/// Cuts until nothing matches: what stood on both sides of a cut must not make a new match.
fn cut_all(mut text: String, pattern: &Regex) -> String {
    while pattern.is_match(&text) {
        text = pattern.replace_all(&text, " ").into_owned();
    }
    text
}

fn compiled(pattern: &str) -> Regex {
    Regex::new(pattern).expect("the pattern is a constant and has a test")
}
