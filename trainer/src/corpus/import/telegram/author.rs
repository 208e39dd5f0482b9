//! Who wrote a message: one form for all the ways in which exports tell it.

use crate::corpus::record::Author;

/// What stands for people whose account is gone and whose number isn't told.
const DELETED: &str = "deleted";

/// What HTML exports call such people.
const DELETED_NAME: &str = "Deleted Account";

/// By number, as JSON tells it; `name` is missing where the account is gone.
pub(super) fn numbered(name: Option<String>, id: Option<&str>) -> Author {
    let Some(id) = id.map(normalised).filter(|id| !id.is_empty()) else { return named(name) };
    match name.filter(|name| !name.trim().is_empty()) {
        Some(name) => Author { id, name: Some(name.trim().to_owned()) },
        None => {
            Author { id: id.strip_prefix("user").map(|number| format!("{DELETED}{number}")).unwrap_or(id), name: None }
        }
    }
}

/// By name alone, as HTML tells it.
pub(super) fn named(name: Option<String>) -> Author {
    let name = name.as_deref().map(str::trim).filter(|name| !name.is_empty() && *name != DELETED_NAME);
    Author { id: name.unwrap_or(DELETED).to_owned(), name: None }
}

/// `user…` or `channel…`: older exports and other programs write the bare number, negative for channels as bots see them.
fn normalised(id: &str) -> String {
    let id = id.trim();
    let digits = id.strip_prefix('-').unwrap_or(id);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return id.to_owned();
    }
    if digits.len() == id.len() { format!("user{digits}") } else { format!("channel{}", bare_channel(digits)) }
}

/// Bots see channels as -100 and the number.
fn bare_channel(digits: &str) -> &str {
    digits.strip_prefix("100").filter(|bare| bare.len() >= 9).unwrap_or(digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_to_tell_an_author() {
        let tell = |name: Option<&str>, id| {
            let author = numbered(name.map(str::to_owned), id);
            format!("{} {}", author.id, author.name.unwrap_or_default())
        };
        assert_eq!(tell(Some("Аня "), Some("user5")), "user5 Аня");
        assert_eq!(tell(Some("Аня"), Some("5")), "user5 Аня");
        assert_eq!(tell(Some("К"), Some("channel7")), "channel7 К");
        assert_eq!(tell(Some("К"), Some("-1001234567890")), "channel1234567890 К");
        assert_eq!(tell(Some("К"), Some("-77")), "channel77 К");
        assert_eq!(tell(None, Some("user5")), "deleted5 ");
        assert_eq!(tell(Some(" "), Some("5")), "deleted5 ");
        assert_eq!(tell(None, Some("channel7")), "channel7 ");
        assert_eq!(tell(None, None), "deleted ");
        assert_eq!(tell(Some("Аня"), None), "Аня ");
        assert_eq!(tell(Some("Deleted Account"), None), "deleted ");
    }
}
