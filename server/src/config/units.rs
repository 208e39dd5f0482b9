//! Amounts as people write them.

/// Bytes: a plain number, or one with `KiB`, `MiB`, `GiB`, `KB`, `MB`, `GB`.
pub(super) fn bytes(text: &str) -> Option<usize> {
    let text = text.trim();
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let factor: usize = match unit.trim().to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "kib" => 1 << 10,
        "mib" => 1 << 20,
        "gib" => 1 << 30,
        "kb" => 1_000,
        "mb" => 1_000_000,
        "gb" => 1_000_000_000,
        _ => return None,
    };
    number.parse::<usize>().ok()?.checked_mul(factor)
}

#[cfg(test)]
mod tests {
    use super::bytes;

    #[test]
    fn units_multiply() {
        assert_eq!(bytes("268435456"), Some(256 << 20));
        assert_eq!(bytes("256MiB"), Some(256 << 20));
        assert_eq!(bytes(" 2 gb "), Some(2_000_000_000));
    }

    #[test]
    fn anything_else_is_refused() {
        for text in ["", "MiB", "-1", "1.5GiB", "1 TiB", "99999999999999999999", "18446744073709551615 GiB"] {
            assert_eq!(bytes(text), None, "{text}");
        }
    }
}
