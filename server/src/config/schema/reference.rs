//! The reference of a kind of file, in Markdown: a heading for each key, in the order of their declaration.

use serde_json::Value as Json;

use super::{Key, Shape};

/// Every key of a file.
pub(super) fn of(keys: &[Key]) -> String {
    let mut text = String::new();
    write_keys(keys, "", &mut text);
    text
}

/// A value as it is written in a file, as code.
pub(super) fn code(value: &Json) -> String {
    let plain =
        |text: &&str| text.starts_with(char::is_alphabetic) && text.chars().all(|c| c.is_alphanumeric() || c == '_');
    match value.as_str().filter(plain) {
        Some(word) => format!("`{word}`"),
        None => format!("`{value}`"),
    }
}

/// Documentation of the code as prose: what isn't a paragraph or a list of its own stands in one line.
pub(in crate::config) fn prose(lines: &str) -> String {
    let mut text = String::new();
    for line in lines.trim().lines().map(str::trim) {
        let begins = line.starts_with("- ") || line.is_empty();
        let separator = match text.chars().last() {
            None | Some('\n') => "",
            Some(_) if begins => "\n",
            Some(_) => " ",
        };
        text += separator;
        text += line;
        if line.is_empty() {
            text += "\n";
        }
    }
    text
}

fn write_keys(keys: &[Key], above: &str, text: &mut String) {
    for key in keys {
        let path = format!("{above}{}", key.name);
        let heading = "#".repeat(2 + path.matches('.').count().min(3));
        *text += &format!("{heading} `{path}`\n\n{}.\n\n", capitalised(&kind(key)));
        if !key.about.is_empty() {
            *text += &format!("{}\n\n", key.about);
        }
        write_within(&key.shape, &path, text);
    }
}

/// The keys of what a key may hold.
fn write_within(shape: &Shape, path: &str, text: &mut String) {
    match shape {
        Shape::Record(keys) => write_keys(keys, &format!("{path}."), text),
        Shape::List(item) => write_within(item, path, text),
        Shape::Either(shapes) => shapes.iter().for_each(|shape| write_within(&alternative(shape), path, text)),
        Shape::Scalar(_) | Shape::Entries => {}
    }
}

/// Something that stands only where it is chosen: so nothing of it must be there.
fn alternative(shape: &Shape) -> Shape {
    match shape {
        Shape::Record(keys) => Shape::Record(keys.iter().map(|key| Key { required: false, ..key.clone() }).collect()),
        other => other.clone(),
    }
}

/// What a key takes, whether it must be there, and what it means where it isn't.
fn kind(key: &Key) -> String {
    let expected = expected(&key.shape);
    match &key.default {
        Some(default) => format!("{expected}; by default {}", code(default)),
        None if key.required => format!("{expected}; must be there"),
        None => expected,
    }
}

fn expected(shape: &Shape) -> String {
    match shape {
        Shape::Record(_) | Shape::Entries => "a mapping".to_owned(),
        Shape::List(item) => format!("a list; each is {}", expected(item)),
        Shape::Scalar(scalar) => scalar.expected.clone(),
        Shape::Either(shapes) => shapes.iter().map(expected).collect::<Vec<_>>().join(", or "),
    }
}

fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::prose;

    #[test]
    fn lines_become_paragraphs_and_lists() {
        let lines = " Once\n upon a time.\n\n - one,\n   still one\n - two\n\n End.\n";
        assert_eq!(prose(lines), "Once upon a time.\n\n- one, still one\n- two\n\nEnd.");
    }
}
