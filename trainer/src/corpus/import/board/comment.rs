//! A post's comment: from a board's HTML to the text a person wrote, and the posts it answers.
//!
//! Moderators may write any HTML, so unknown tags are read through. Knows nothing of threads: whether the posts that are
//! answered exist is asked elsewhere.

use std::cell::RefCell;
use std::collections::HashSet;
use std::sync::LazyLock;

use html5ever::tokenizer::states::RawKind;
use html5ever::tokenizer::{BufferQueue, Tag, TagKind, Token, TokenSink, TokenSinkResult, Tokenizer, TokenizerOpts};
use regex::{Captures, Regex};

/// What stands where a reference stood, until lines are cleaned; taken out of foreign text.
const MARK: char = '\u{e000}';

/// A comment in plain words.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Comment {
    /// What was written; greentext keeps its `>`; empty where only references or pictures were posted.
    pub(super) text: String,
    /// The numbers of the posts it answers, in order, each once.
    pub(super) answers: Vec<u64>,
}

/// Reads a comment. Tags are taken one by one and no tree is built, so time and memory grow with the length alone.
pub(super) fn read(html: &str) -> Comment {
    let tokenizer = Tokenizer::new(Seen::default(), TokenizerOpts::default());
    let input = BufferQueue::default();
    input.push_back(html.into());
    // Comes back early only where the sink asks for that, as for a script.
    let _ = tokenizer.feed(&input);
    tokenizer.end();
    let (text, answers) = marked(&tokenizer.sink.0.take().text);
    Comment { text: tidy(&text), answers }
}

/// What was seen so far.
#[derive(Default)]
struct Seen(RefCell<State>);

#[derive(Default)]
struct State {
    text: String,
    /// The tag that hides what follows, until its end.
    hidden_by: Option<String>,
}

impl TokenSink for Seen {
    type Handle = ();

    fn process_token(&self, token: Token, _line_number: u64) -> TokenSinkResult<()> {
        let mut state = self.0.borrow_mut();
        match token {
            // HTML's line ends are spaces.
            Token::CharacterTokens(text) if state.hidden_by.is_none() => {
                state.text.extend(
                    text.chars().map(
                        |letter| {
                            if matches!(letter, '\n' | '\r' | '\t' | '\u{a0}' | MARK) { ' ' } else { letter }
                        },
                    ),
                );
            }
            Token::TagToken(tag) if tag.kind == TagKind::StartTag => return state.open(&tag),
            Token::TagToken(tag) => state.close(&tag.name),
            _ => {}
        }
        TokenSinkResult::Continue
    }
}

impl State {
    fn open(&mut self, tag: &Tag) -> TokenSinkResult<()> {
        let name: &str = &tag.name;
        // A link that isn't closed ends with its line.
        if matches!(name, "a" | "br") {
            self.close("a");
        }
        if self.hidden_by.is_some() {
            return TokenSinkResult::Continue;
        }
        self.text.push_str(space_of(name));
        if let Some(number) = reference(tag) {
            self.text.push_str(&format!("{MARK}{number}{MARK}"));
            self.hidden_by = Some(name.to_owned());
        }
        match name {
            "script" | "style" if !tag.self_closing => {
                self.hidden_by = Some(name.to_owned());
                TokenSinkResult::RawData(if name == "script" { RawKind::ScriptData } else { RawKind::Rawtext })
            }
            _ => TokenSinkResult::Continue,
        }
    }

    fn close(&mut self, name: &str) {
        if self.hidden_by.as_deref() == Some(name) {
            self.hidden_by = None;
        } else if self.hidden_by.is_none() && is_block(name) {
            self.text.push('\n');
        }
    }
}

/// The post that a link answers: newer boards say so in an attribute, older ones only by the address's fragment.
fn reference(tag: &Tag) -> Option<u64> {
    let attribute = |name: &str| tag.attrs.iter().find(|found| &*found.name.local == name).map(|found| &*found.value);
    if &*tag.name != "a" {
        return None;
    }
    if let Some(number) = attribute("data-num") {
        return number.trim().parse().ok();
    }
    let (page, number) = attribute("href")?.rsplit_once('#')?;
    let in_a_thread = page.is_empty() || page.contains("/res/");
    number.trim_start_matches(['i', 'q']).parse().ok().filter(|_| in_a_thread)
}

/// The text with a mark for each reference, also for those that are typed only, and what they refer to.
fn marked(text: &str) -> (String, Vec<u64>) {
    static REFERENCE: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"\x{e000}(\d+)\x{e000}|>>(\d{1,19})\b").expect("the pattern is sound"));
    let (mut answers, mut known) = (Vec::new(), HashSet::new());
    let text = REFERENCE.replace_all(text, |found: &Captures<'_>| {
        let digits = found.get(1).or_else(|| found.get(2)).map_or("", |digits| digits.as_str());
        let Ok(number) = digits.parse() else { return found[0].to_owned() };
        if known.insert(number) {
            answers.push(number);
        }
        MARK.to_string()
    });
    (text.into_owned(), answers)
}

fn is_block(name: &str) -> bool {
    matches!(
        name,
        "p" | "div" | "li" | "blockquote" | "pre" | "tr" | "h1" | "h2" | "h3" | "h4" | "h5" | "h6" | "ul" | "ol"
    )
}

/// What an opening tag stands for.
fn space_of(name: &str) -> &'static str {
    match name {
        "br" | "hr" => "\n",
        "td" | "th" => " ",
        _ if is_block(name) => "\n",
        _ => "",
    }
}

/// Takes out the marks with what belonged to them, spaces around lines and all but one of blank lines in a row.
fn tidy(text: &str) -> String {
    static REFERENCES: LazyLock<Regex> = LazyLock::new(|| {
        let mark = r"\x{e000}(?:\s?\((?i:op|оп)\))?";
        Regex::new(&format!(r"\(\s*{mark}\s*\)|{mark}(?:[ ,;]*{mark})*[ ]?[,:;]?")).expect("the pattern is sound")
    });
    static SPACES: LazyLock<Regex> = LazyLock::new(|| Regex::new(" {2,}").expect("the pattern is sound"));
    let mut lines: Vec<String> = Vec::new();
    for line in text.split('\n') {
        let clean = REFERENCES.replace_all(line, "");
        let clean = SPACES.replace_all(clean.trim(), " ").into_owned();
        // A line that held nothing but references is no blank line: nobody saw one.
        let only_references = clean.is_empty() && line.contains(MARK);
        let second_blank = clean.is_empty() && lines.last().is_none_or(String::is_empty);
        if !only_references && !second_blank {
            lines.push(clean);
        }
    }
    while lines.last().is_some_and(String::is_empty) {
        lines.pop();
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(html: &str) -> String {
        read(html).text
    }

    #[test]
    fn html_becomes_what_was_seen() {
        assert_eq!(text("Рок&#39;н&#47;ролл &lt;b&gt; &amp;amp; &quot;да&quot;"), "Рок'н/ролл <b> &amp; \"да\"");
        assert_eq!(
            text("<strong>жир</strong><em>ный</em> <span class=\"spoiler\">тайна<br>две</span>"),
            "жирный тайна\nдве"
        );
        assert_eq!(text(" Abc <br><br><br> Def <br><br> <br> Ghi<br> "), "Abc\n\nDef\n\nGhi");
        assert_eq!(
            text("<a href=\"https:&#47;&#47;a.ru&#47;b\" target=\"_blank\">https:&#47;&#47;a.ru&#47;b</a> !"),
            "https://a.ru/b !"
        );
        assert_eq!(text("<p>раз</p><p>два</p><script>alert(1)</script><style>x{}</style>три"), "раз\n\nдва\nтри");
        assert_eq!(text("незакрытый <b>тег <i>и </b>перехлёст"), "незакрытый тег и перехлёст");
        assert_eq!(text("a<br>\u{e000}b"), "a\nb");
        assert_eq!(text(""), "");
    }

    #[test]
    fn greentext_is_kept() {
        let html = "<span class=\"unkfunc\">&gt;тест <strong>раз</strong></span><br>нет";
        assert_eq!(text(html), ">тест раз\nнет");
        assert_eq!(text("<span class=\"unkfunc\">&gt;</span>"), ">");
    }

    #[test]
    fn references_leave_the_text() {
        let link = |number: u64, text: &str| {
            format!(
                "<a href=\"/b/res/1.html#{number}\" class=\"post-reply-link\" data-thread=\"1\" data-num=\"{number}\">{text}</a>"
            )
        };
        let html = format!(
            "{}<br>Порядочные?<br>{}<br>Ммм? ({})<br>{}, {} а?",
            link(5, "&gt;&gt;5 (OP)"),
            link(6, ">>6"),
            link(7, "&gt;&gt;7"),
            link(5, ">>5"),
            link(8, ">>8")
        );
        let comment = read(&html);
        assert_eq!(comment.text, "Порядочные?\nМмм?\nа?");
        assert_eq!(comment.answers, [5, 6, 7, 8]);
    }

    #[test]
    fn older_links_and_typed_references_count_too() {
        let comment = read(
            "<a href=\"/b/res/1.html#12\" onclick=\"h(12)\">&gt;&gt;12</a> (OP) да<br>&gt;&gt;13 (op)<br>нет >>14",
        );
        assert_eq!(comment, Comment { text: "да\nнет".to_owned(), answers: vec![12, 13, 14] });
        let other = read("<a href=\"https://ru.wikipedia.org/wiki/X#12\">X</a> &gt;&gt;99999999999999999999");
        assert!(other.answers.is_empty());
        assert_eq!(other.text, "X >>99999999999999999999");
    }

    #[test]
    fn deep_and_broken_html_ends() {
        let deep = "<div><b>".repeat(2000) + "дно";
        assert_eq!(text(&deep), "дно");
        assert_eq!(text("<<<a <b href=<&#x110000;&#0;&"), text("<<<a <b href=<&#x110000;&#0;&"));
    }
}
