//! Entities: from offsets in UTF-16 units to ranges of bytes.

use std::ops::Range;

use super::raw::RawEntity;
use crate::chat::{Entity, EntityKind, UserId};

/// The entities that triggers and filters read. One whose range doesn't fit the text is left out.
pub(super) fn entities(text: &str, raw: Vec<RawEntity>) -> Vec<Entity> {
    raw.into_iter().filter_map(|entity| translate(text, entity)).collect()
}

fn translate(text: &str, raw: RawEntity) -> Option<Entity> {
    let range = byte_range(text, raw.offset, raw.length)?;
    let written = text.get(range.clone())?;
    let kind = match raw.kind.as_str() {
        "mention" => EntityKind::Mention(written.strip_prefix('@')?.to_owned()),
        "text_mention" => EntityKind::UserMention(UserId(raw.user?.id)),
        "bot_command" => EntityKind::Command(written.strip_prefix('/')?.to_owned()),
        _ => return None,
    };
    Some(Entity { range, kind })
}

/// `None` for an empty range, one that leaves the text, and one that splits a surrogate pair.
fn byte_range(text: &str, offset: usize, length: usize) -> Option<Range<usize>> {
    let end = offset.checked_add(length)?;
    let range = byte_offset(text, offset)?..byte_offset(text, end)?;
    (!range.is_empty()).then_some(range)
}

fn byte_offset(text: &str, utf16: usize) -> Option<usize> {
    let mut units = 0;
    for (at, character) in text.char_indices() {
        if units >= utf16 {
            return (units == utf16).then_some(at);
        }
        units += character.len_utf16();
    }
    (units == utf16).then_some(text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_count_utf16_units() {
        assert_eq!(byte_range("👍 @a", 3, 2), Some(5..7));
        assert_eq!(byte_range("да @a", 3, 2), Some(5..7));
        assert_eq!(byte_range("abc", 0, 3), Some(0..3));
    }

    #[test]
    fn ranges_that_do_not_fit_are_dropped() {
        for (offset, length) in [(0, 0), (0, 6), (9, 1), (1, 2), (0, 1), (usize::MAX, 1), (1, usize::MAX)] {
            assert_eq!(byte_range("👍 @a", offset, length), None, "{offset} {length}");
        }
    }
}
