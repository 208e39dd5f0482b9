//! How long a learned turn is, and in which script. Pure.

/// What a learned turn keeps to.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    pub(super) min_chars: usize,
    /// 0 is no limit.
    pub(super) max_chars: usize,
    pub(super) min_cyrillic: f64,
}

impl Limits {
    /// Why a text is not learned.
    pub(super) fn complaint(&self, text: &str) -> Option<&'static str> {
        let chars = text.chars().count();
        let letters = text.chars().filter(|c| c.is_alphabetic()).count();
        let cyrillic = text.chars().filter(|c| matches!(c, '\u{400}'..='\u{52f}')).count();
        match () {
            () if chars < self.min_chars => Some("too short"),
            () if self.max_chars > 0 && chars > self.max_chars => Some("too long"),
            () if self.min_cyrillic > 0.0 && (cyrillic as f64) < self.min_cyrillic * letters.max(1) as f64 => {
                Some("another script")
            }
            () => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_limit_has_its_complaint() {
        let limits = Limits { min_chars: 3, max_chars: 12, min_cyrillic: 0.5 };
        for (text, complaint) in [
            ("да", Some("too short")),
            ("вот это текст", Some("too long")),
            ("hello мир", Some("another script")),
            ("123 45", Some("another script")),
            ("привет lol", None),
        ] {
            assert_eq!(limits.complaint(text), complaint, "{text}");
        }
        let none = Limits { min_chars: 0, max_chars: 0, min_cyrillic: 0.0 };
        assert_eq!(none.complaint("123"), None);
    }
}
