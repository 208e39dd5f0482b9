//! Whether a page's elements stand within each other as deep as Telegram Desktop writes them, or as absurdly deep as makes
//! a parser slow: every tag looks at all elements that are open, and every paragraph begins anew what was left open.

/// Elements that may be open at once; real pages have a dozen.
const DEEPEST: usize = 256;

/// Elements that may be left open on a page; real pages have none.
const UNCLOSED: usize = 256;

/// Elements that are never closed.
const VOID: [&str; 13] =
    ["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"];

/// Elements that hold text alone, whatever it looks like.
const RAW: [&str; 4] = ["script", "style", "title", "textarea"];

/// Finds the byte at which it is too much.
pub(super) fn excess(page: &str) -> Option<usize> {
    let (mut open, mut unclosed, mut position): (Vec<&str>, usize, usize) = (Vec::new(), 0, 0);
    while let Some(found) = page[position..].find('<') {
        let begin = position + found;
        let rest = &page[begin + 1..];
        let name = name(rest.strip_prefix('/').unwrap_or(rest));
        position = begin + 1 + length(rest);
        if rest.starts_with('/') {
            if let Some(at) = open.iter().rposition(|open| open.eq_ignore_ascii_case(name)) {
                unclosed += open.len() - at - 1;
                open.truncate(at);
            }
        } else if is_one_of(&RAW, name) {
            position = end_of_raw(page, position, name);
        } else if !name.is_empty() && !is_one_of(&VOID, name) {
            open.push(name);
        }
        if open.len() > DEEPEST || unclosed > UNCLOSED {
            return Some(begin);
        }
    }
    None
}

/// The name of a tag; empty for what is none.
fn name(tag: &str) -> &str {
    if !tag.starts_with(|first: char| first.is_ascii_alphabetic()) {
        return "";
    }
    &tag[..tag.find(|letter: char| letter.is_whitespace() || matches!(letter, '/' | '>')).unwrap_or(tag.len())]
}

fn is_one_of(names: &[&str], name: &str) -> bool {
    names.iter().any(|known| known.eq_ignore_ascii_case(name))
}

/// How long a tag or a comment is, without its first sign.
fn length(rest: &str) -> usize {
    if rest.starts_with("!--") {
        return rest.find("-->").map_or(rest.len(), |end| end + 3);
    }
    if name(rest.strip_prefix('/').unwrap_or(rest)).is_empty() {
        return 0;
    }
    let mut quote = None;
    for (at, byte) in rest.bytes().enumerate() {
        match (quote, byte) {
            (None, b'>') => return at + 1,
            (None, b'"' | b'\'') => quote = Some(byte),
            (Some(open), byte) if open == byte => quote = None,
            _ => {}
        }
    }
    rest.len()
}

/// Where the closing tag of an element of raw text begins.
fn end_of_raw(page: &str, from: usize, name: &str) -> usize {
    let closes = |at: usize| {
        let rest = page.as_bytes().get(at + 2..at + 2 + name.len());
        rest.is_some_and(|found| found.eq_ignore_ascii_case(name.as_bytes()))
    };
    page[from..].match_indices("</").map(|(at, _)| from + at).find(|at| closes(*at)).unwrap_or(page.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinary_pages_are_fine() {
        let page = "<!DOCTYPE html><html><head><meta charset=\"utf-8\"/><script>if (a<b) { x = \"<div>\" }</script></head><body>\
                    <!-- <div> --><div title=\"a > b\"><br><img src='x>'/>1 < 2 <3 <b>x</b></div></body></html>"
            .to_owned();
        assert_eq!(excess(&page.repeat(1000)), None);
    }

    #[test]
    fn absurd_depth_is_found_however_it_is_made() {
        for piece in ["<div>", "<DIV/>", "<b a=1>", "<div></x>", "<p><b></p>", "<svg><a>", "<i\n>"] {
            assert!(excess(&piece.repeat(2000)).is_some_and(|at| at < 5000), "{piece}");
        }
    }

    #[test]
    fn unfinished_tags_end_it() {
        for page in ["<", "</", "<!--", "<div", "<div title=\"", "<script>", "<script>x</scrip", "</div>"] {
            assert_eq!(excess(page), None, "{page}");
        }
    }
}
