//! White space, control characters and length.

use unicode_segmentation::UnicodeSegmentation;

/// The text without characters that steer terminals and text direction; other white space than line breaks becomes a space.
pub(super) fn without_controls(text: &str) -> String {
    let kept = |c: char| match c {
        '\n' => Some('\n'),
        '\u{2028}' | '\u{2029}' | '\u{0b}' | '\u{0c}' | '\u{85}' => Some('\n'),
        c if c.is_whitespace() => Some(' '),
        c if c.is_control() || is_invisible_control(c) => None,
        c => Some(c),
    };
    text.replace("\r\n", "\n").chars().filter_map(kept).collect()
}

/// Single spaces, no spaces at the ends of lines, at most one empty line in a row.
pub(super) fn tidy(text: &str) -> String {
    let lines = text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "));
    let mut tidied = String::new();
    let mut empty_lines = 0;
    for line in lines {
        empty_lines = if line.is_empty() { empty_lines + 1 } else { 0 };
        if empty_lines < 2 {
            tidied.push_str(&line);
            tidied.push('\n');
        }
    }
    tidied.trim().to_owned()
}

/// Whether anything in the text can be seen.
pub(super) fn is_readable(text: &str) -> bool {
    let blank = |c: char| {
        c.is_whitespace()
            || c.is_control()
            || is_invisible_control(c)
            || matches!(c,
            '\u{00ad}' | '\u{034f}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
            | '\u{200c}' | '\u{200d}' | '\u{2061}'..='\u{2064}' | '\u{2800}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}'
            | '\u{ffa0}' | '\u{e0000}'..='\u{e0fff}')
    };
    !text.chars().all(blank)
}

/// At most `most` UTF-16 units, cut between graphemes; within one only where that alone is too long.
pub(super) fn shorten(text: &str, most: usize) -> String {
    let cut = fitting(text.graphemes(true), most);
    let cut = if cut == 0 { fitting(text.split_inclusive(|_| true), most) } else { cut };
    text[..cut].trim_end().to_owned()
}

/// Bytes of the leading parts that have at most `most` UTF-16 units together.
fn fitting<'t>(parts: impl Iterator<Item = &'t str>, most: usize) -> usize {
    let mut units = 0;
    let within = parts.take_while(|part| {
        units += part.encode_utf16().count();
        units <= most
    });
    within.map(str::len).sum()
}

/// Characters that take no room and change how others are shown, and what stands for bytes that are no text.
fn is_invisible_control(c: char) -> bool {
    matches!(c, '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}' | '\u{2066}'..='\u{206f}'
        | '\u{feff}' | '\u{fff9}'..='\u{fffd}')
}
