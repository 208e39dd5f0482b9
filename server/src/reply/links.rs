//! Cuts out what reaches people outside the chat: mentions that ping, links, phone numbers.

use std::sync::LazyLock;

use regex::Regex;

use crate::config::persona::Filter;

/// A link with a scheme, whatever stands right before it and follows up to the next white space.
static URL: LazyLock<Regex> = LazyLock::new(|| compiled(r"(?i)[a-z][a-z0-9+.-]*://\S+|mailto:\S+|www\.\S+"));

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
/// or are grouped by threes. Word boundaries are ASCII's, for a Cyrillic letter may stand right beside a number.
static PHONE: LazyLock<Regex> = LazyLock::new(|| {
    compiled(
        r"(?x)
        (?: \+ [\s(]* 7 | (?-u:\b) [78] ) [\s().\u{2010}-\u{2015}-]{0,3} [3-9]\d\d
            [\s().\u{2010}-\u{2015}-]{0,3} \d{3} [\s.\u{2010}-\u{2015}-]{0,3} \d\d [\s.\u{2010}-\u{2015}-]{0,3} \d\d (?-u:\b)
        | \+ \d (?: [\s().\u{2010}-\u{2015}-]{0,2} \d ){8,13} (?-u:\b)
        | \( \d{3,5} \) [\s-]{0,2} \d{1,3} [\s-]? \d\d [\s-]? \d\d (?-u:\b)
        | (?-u:\b) (?: [3-9]\d\d [\s-] )? \d{3} [\u{2010}-\u{2015}-] \d\d [\u{2010}-\u{2015}-] \d\d (?-u:\b)
        | (?-u:\b) 9\d{9} (?-u:\b)",
    )
});

/// An `@` that would make a mention. One that stands behind a Latin letter or a digit is part of an address.
static MENTION: LazyLock<Regex> = LazyLock::new(|| compiled(r"(^|[^A-Za-z0-9_])@+([A-Za-z0-9_])"));

/// The text without links and phone numbers, unless the manifest allows them, and without the `@` of mentions. What is left may
/// make a new one: the caller asks again until nothing changes.
pub(super) fn cut(text: &str, filter: &Filter) -> String {
    let mut text = text.to_owned();
    if !filter.allow_links {
        text = URL.replace_all(&text, " ").into_owned();
        text = HOST.replace_all(&text, " ").into_owned();
    }
    if !filter.allow_phone_numbers {
        text = PHONE.replace_all(&text, " ").into_owned();
    }
    MENTION.replace_all(&text, "$1$2").into_owned()
}

fn compiled(pattern: &str) -> Regex {
    Regex::new(pattern).expect("the pattern is a constant and has a test")
}
