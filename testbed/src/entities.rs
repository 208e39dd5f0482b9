//! Finds mentions, commands, hashtags and links in a text and measures them in UTF-16 units, as Telegram does.
//! Knows no markup: what is sent as plain text stays plain.

use serde_json::{Value, json};

const TOP_LEVEL_DOMAINS: [&str; 8] = ["com", "org", "net", "ru", "me", "io", "dev", "рф"];

/// The entities of a plain text, in order.
pub(crate) fn scan(text: &str) -> Vec<Value> {
    let chars: Vec<char> = text.chars().collect();
    let mut found = Vec::new();
    let mut position = 0;
    while position < chars.len() {
        match entity_at(&chars, position) {
            Some((kind, length)) => {
                found.push(entity(kind, utf16(&chars[..position]), utf16(&chars[position..position + length])));
                position += length;
            }
            None => position += 1,
        }
    }
    found
}

/// An entity of `kind` at these UTF-16 units.
pub(crate) fn entity(kind: &str, offset: usize, length: usize) -> Value {
    json!({ "type": kind, "offset": offset, "length": length })
}

/// The UTF-16 units from the start of `text` to its first `part`, and those of `part`.
pub(crate) fn locate(text: &str, part: &str) -> Option<(usize, usize)> {
    let start = text.find(part)?;
    Some((text[..start].encode_utf16().count(), part.encode_utf16().count()))
}

/// The characters that an entity covers.
pub(crate) fn covered(text: &str, entity: &Value) -> Option<String> {
    let offset = usize::try_from(entity["offset"].as_u64()?).ok()?;
    let length = usize::try_from(entity["length"].as_u64()?).ok()?;
    let units: Vec<u16> = text.encode_utf16().skip(offset).take(length).collect();
    String::from_utf16(&units).ok()
}

fn entity_at(chars: &[char], start: usize) -> Option<(&'static str, usize)> {
    let at_boundary = start == 0 || !is_word(chars[start - 1]);
    if !at_boundary {
        return None;
    }
    let rest = &chars[start..];
    match rest[0] {
        '@' => mention(rest).map(|length| ("mention", length)),
        '/' if start == 0 || chars[start - 1] != '/' => command(rest).map(|length| ("bot_command", length)),
        '#' => hashtag(rest).map(|length| ("hashtag", length)),
        _ => url(rest).map(|length| ("url", length)),
    }
}

fn mention(rest: &[char]) -> Option<usize> {
    let name = name_length(&rest[1..]);
    ((3..=32).contains(&name) && !rest.get(name + 1).is_some_and(|next| is_word(*next))).then_some(name + 1)
}

fn command(rest: &[char]) -> Option<usize> {
    let name = name_length(&rest[1..]);
    if !(1..=64).contains(&name) {
        return None;
    }
    let mut length = name + 1;
    if rest.get(length) == Some(&'@') {
        length += mention(&rest[length..]).unwrap_or(0);
    }
    // Telegram takes "/etc/passwd" for a path, not for two commands.
    (!rest.get(length).is_some_and(|next| is_word(*next) || *next == '/')).then_some(length)
}

fn hashtag(rest: &[char]) -> Option<usize> {
    let name = rest[1..].iter().take_while(|next| is_word(**next)).count();
    let has_letter = rest[1..=name].iter().any(|next| next.is_alphabetic());
    has_letter.then_some(name + 1)
}

fn url(rest: &[char]) -> Option<usize> {
    let token: String = rest.iter().take_while(|next| !next.is_whitespace()).collect();
    let token = token.trim_end_matches(['.', ',', '!', '?', ')', ':', ';', '"', '»']);
    let lower = token.to_lowercase();
    let is_url = match lower.strip_prefix("https://").or_else(|| lower.strip_prefix("http://")) {
        Some(host) => !host.is_empty(),
        None => is_bare_domain(&lower),
    };
    is_url.then(|| token.chars().count())
}

fn is_bare_domain(token: &str) -> bool {
    let host = token.split(['/', '?']).next().unwrap_or_default();
    host.rsplit_once('.').is_some_and(|(name, zone)| {
        !name.is_empty()
            && name.chars().all(|next| next.is_alphanumeric() || next == '-' || next == '.')
            && TOP_LEVEL_DOMAINS.contains(&zone)
    })
}

fn name_length(chars: &[char]) -> usize {
    chars.iter().take_while(|next| next.is_ascii_alphanumeric() || **next == '_').count()
}

fn is_word(character: char) -> bool {
    character.is_alphanumeric() || character == '_'
}

fn utf16(chars: &[char]) -> usize {
    chars.iter().map(|character| character.len_utf16()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn finds(text: &str, expected: &[(&str, &str)]) {
        let found: Vec<(String, String)> = scan(text)
            .iter()
            .map(|entity| (entity["type"].as_str().unwrap().to_owned(), covered(text, entity).unwrap()))
            .collect();
        let expected: Vec<_> = expected.iter().map(|(kind, part)| ((*kind).to_owned(), (*part).to_owned())).collect();
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn entities_are_found_where_telegram_finds_them() {
        finds("👋🏽 @avtobus_bot, ты тут?", &[("mention", "@avtobus_bot")]);
        finds("/start@avtobus_bot now", &[("bot_command", "/start@avtobus_bot")]);
        finds("скажи /help и /reset", &[("bot_command", "/help"), ("bot_command", "/reset")]);
        finds("mail@example и a/b и /etc/passwd", &[]);
        finds("см. https://t.me/x, и example.org!", &[("url", "https://t.me/x"), ("url", "example.org")]);
        finds("#тег #123", &[("hashtag", "#тег")]);
        finds("@ab и 12.5", &[]);
    }

    #[test]
    fn offsets_count_utf16_units() {
        assert_eq!(scan("👋 @some_bot"), [entity("mention", 3, 9)]);
        assert_eq!(locate("👋 Оля", "Оля"), Some((3, 3)));
    }
}
