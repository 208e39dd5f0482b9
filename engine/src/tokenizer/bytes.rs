//! GPT-2's spelling of bytes: every byte is written as one printable character in a vocabulary.
//! Source: `bytes_to_unicode` in OpenAI's `gpt-2/src/encoder.py`.

/// The bytes that a vocabulary entry stands for. An added token is written as itself, and where it has a character
/// outside the spelling, the whole token is taken literally, as `tokenizers`' ByteLevel decoder does.
pub(super) fn of_token(token: &str) -> Vec<u8> {
    token.chars().map(byte_of).collect::<Option<Vec<u8>>>().unwrap_or_else(|| token.as_bytes().to_vec())
}

fn byte_of(character: char) -> Option<u8> {
    let code = u32::from(character);
    match code {
        0x21..=0x7e | 0xa1..=0xac | 0xae..=0xff => u8::try_from(code).ok(),
        // The 68 bytes that are not printable are written as the characters from U+0100 on, in order.
        0x100..=0x120 => u8::try_from(code - 0x100).ok(),
        0x121..=0x142 => u8::try_from(code - 0x121 + 0x7f).ok(),
        0x143 => Some(0xad),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_has_one_spelling() {
        let mut bytes: Vec<u8> = ('\0'..='\u{200}').filter_map(byte_of).collect();
        bytes.sort_unstable();
        assert_eq!(bytes, (0..=255).collect::<Vec<u8>>());
    }

    #[test]
    fn known_spellings() {
        assert_eq!(of_token("Ġhello"), b" hello");
        assert_eq!(of_token("Ċ"), b"\n");
        assert_eq!(of_token("ÐŁ"), "П".as_bytes());
        assert_eq!(of_token("@@ПЕРВЫЙ@@"), "@@ПЕРВЫЙ@@".as_bytes());
        assert_eq!(of_token("</s>"), b"</s>");
    }
}
