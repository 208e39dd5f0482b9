//! Posts of a channel as texts of their own, such as «бугурты»: what the channel adds around them is taken away.
//!
//! Knows nothing of exports: posts come as the messages of a Telegram chat. A line that is only `@` stays, for it is the
//! genre's line break.

use std::sync::LazyLock;

use regex::Regex;

use super::pairing::Message;
use super::{Dropped, Sink};
use crate::corpus::record::{Dialogue, Turn};
use crate::files::FileError;

/// What is kept of posts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// Lines that only say this are left out, whatever their case and punctuation.
    pub headers: Vec<String>,
    /// Keep lines with links and lines that only name an account.
    pub keep_links: bool,
    /// Keep hashtags.
    pub keep_hashtags: bool,
    /// Shorter posts are left out, in characters.
    pub min_length: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            headers: vec!["БУГУРТ-ТРЕД".to_owned()], keep_links: false, keep_hashtags: false, min_length: 1
        }
    }
}

/// The posts of one channel.
pub(super) struct Posts<'a> {
    source: String,
    options: &'a Options,
}

impl<'a> Posts<'a> {
    pub(super) fn new(source: String, options: &'a Options) -> Self {
        Self { source, options }
    }

    /// Hands a post on, if something is left of it.
    pub(super) fn take(&self, post: Message, dropped: &mut Dropped, sink: &mut Sink) -> Result<(), FileError> {
        let text = self.options.text(&post.text);
        let length = text.chars().count();
        if length == 0 {
            dropped.count("post of a header or links alone");
        } else if length < self.options.min_length {
            dropped.count("post that is too short");
        } else {
            let turn = Turn { author: post.author, time: post.time, text, context: false };
            sink(Dialogue { source: self.source.clone(), turns: vec![turn], toxicity: None })?;
        }
        Ok(())
    }
}

impl Options {
    fn text(&self, post: &str) -> String {
        let headers: Vec<String> = self.headers.iter().map(|header| letters(header)).collect();
        let mut lines: Vec<String> = Vec::new();
        for line in post.lines() {
            let line = if self.keep_hashtags { line.to_owned() } else { without_hashtags(line) };
            let line = line.trim();
            let said = letters(line);
            let header = !said.is_empty() && headers.contains(&said);
            let second_blank = line.is_empty() && lines.last().is_none_or(String::is_empty);
            if !header && !second_blank && (self.keep_links || !is_link(line)) {
                lines.push(line.to_owned());
            }
        }
        lines.join("\n").trim_end().to_owned()
    }
}

/// What a line says, without case and punctuation.
fn letters(line: &str) -> String {
    line.chars().filter(|letter| letter.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

fn is_link(line: &str) -> bool {
    static LINK: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)\bhttps?://|\bwww\.|\b(?:t\.me|telegram\.me|vk\.com)/|^(?:@\w{4,32}\s*)+$")
            .expect("the pattern is sound")
    });
    LINK.is_match(line)
}

fn without_hashtags(line: &str) -> String {
    static HASHTAG: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"(^|\s)#[\p{L}\p{N}_]+(?:@\w+)?").expect("the pattern is sound"));
    HASHTAG.replace_all(line, "$1").into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_channel_adds_is_taken_away() {
        let post = "БУГУРТ-ТРЕД\n\nСИДИШЬ ДОМА\n@\nСТУЧАТ #соседи\n@\n@\n«БУГУРТ ТРЕД!»\n\n\nОТКРЫВАЕШЬ\n#бугурт #двери\nt.me/bugurt\nПодпишись: https://example.org\n@bugurt_channel\n";
        assert_eq!(Options::default().text(post), "СИДИШЬ ДОМА\n@\nСТУЧАТ\n@\n@\n\nОТКРЫВАЕШЬ");
        let all = Options { headers: Vec::new(), keep_links: true, keep_hashtags: true, min_length: 1 };
        assert_eq!(all.text("БУГУРТ-ТРЕД\n#тег\nt.me/x"), "БУГУРТ-ТРЕД\n#тег\nt.me/x");
        assert_eq!(Options::default().text("БУГУРТ-ТРЕД\nwww.example.org"), "");
        assert_eq!(Options::default().text("C#5 и №#1"), "C#5 и №#1");
    }
}
