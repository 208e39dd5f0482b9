//! Stop strings on running text. Holds back what could be the beginning of one; knows no tokens.

/// Looks for the first of several strings in text that comes in pieces.
#[derive(Debug, Clone)]
pub struct StopStrings {
    strings: Vec<String>,
    held: String,
}

/// What a piece of text led to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scan {
    /// This much is certain to belong to the text.
    Going(String),
    /// This much came before a stop string; the rest is void.
    Stopped(String),
}

impl StopStrings {
    /// Looks for `strings`, none of which is empty.
    #[must_use]
    pub fn new(strings: Vec<String>) -> Self {
        Self { strings, held: String::new() }
    }

    /// Takes in a piece of text.
    pub fn push(&mut self, piece: &str) -> Scan {
        self.held.push_str(piece);
        if let Some(at) = self.strings.iter().filter_map(|stop| self.held.find(stop)).min() {
            self.held.truncate(at);
            return Scan::Stopped(std::mem::take(&mut self.held));
        }
        let keep = self.possible_beginning();
        let rest = self.held.split_off(self.held.len() - keep);
        Scan::Going(std::mem::replace(&mut self.held, rest))
    }

    /// Ends the text: whatever was held back belongs to it after all.
    pub fn finish(&mut self) -> String {
        std::mem::take(&mut self.held)
    }

    /// Bytes at the end of the held text that begin a stop string, the longest such end.
    fn possible_beginning(&self) -> usize {
        let ends_with_beginning_of = |stop: &String| {
            let beginnings = stop.char_indices().map(|(at, _)| &stop[..at]);
            beginnings.rev().find(|beginning| self.held.ends_with(*beginning)).map_or(0, str::len)
        };
        self.strings.iter().map(ends_with_beginning_of).max().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn scan(strings: &[&str], pieces: &[&str]) -> (Vec<String>, bool) {
        let mut stop = StopStrings::new(strings.iter().map(|s| (*s).to_owned()).collect());
        let mut out = Vec::new();
        for piece in pieces {
            match stop.push(piece) {
                Scan::Going(text) => out.push(text),
                Scan::Stopped(text) => {
                    out.push(text);
                    return (out, true);
                }
            }
        }
        out.push(stop.finish());
        (out, false)
    }

    #[test]
    fn a_stop_across_pieces_is_found_and_never_shown() {
        assert_eq!(
            scan(&["@@ПЕРВЫЙ@@"], &["да @", "@ПЕР", "ВЫЙ@@ нет"]),
            (vec!["да ".into(), "".into(), "".into()], true)
        );
    }

    #[test]
    fn a_false_beginning_is_given_back() {
        let shown = scan(&["@@П"], &["a@", "@", "@б", "@"]);
        assert_eq!(shown, (vec!["a".into(), "".into(), "@@@б".into(), "".into(), "@".into()], false));
    }

    #[test]
    fn the_earliest_of_several_counts() {
        assert_eq!(scan(&["c", "bc"], &["abcd"]), (vec!["a".into()], true));
    }

    proptest! {
        #[test]
        fn pieces_make_no_difference(text in "[ab]{0,12}", cuts in proptest::collection::vec(0usize..12, 0..4)) {
            let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(text.len())).chain([0, text.len()]).collect();
            cuts.sort_unstable();
            let pieces: Vec<&str> = cuts.windows(2).map(|cut| &text[cut[0]..cut[1]]).collect();
            let (shown, stopped) = scan(&["abba", "bab"], &pieces);
            let first = ["abba", "bab"].iter().filter_map(|stop| text.find(stop)).min();
            prop_assert_eq!(stopped, first.is_some());
            // A stop string that ends earlier wins over one that begins earlier, when it comes in pieces.
            if !stopped {
                prop_assert_eq!(shown.concat(), text);
            } else {
                prop_assert!(text.starts_with(&shown.concat()));
            }
        }
    }
}
