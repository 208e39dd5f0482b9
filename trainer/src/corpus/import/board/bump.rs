//! Which posts only lift their thread: «бамп», «БАМПУЮ тред», "bump!!1".

use std::sync::LazyLock;

use regex::Regex;

/// Whether the text says nothing else.
pub(super) fn is_bump(text: &str) -> bool {
    static BUMP: LazyLock<Regex> = LazyLock::new(|| {
        let russian = "б+а+м+п+(?:ую|ирую|аю|аем|ик|ец|чик|ни|ну|нул|ы|а|у|ом|ушки)?";
        let english = "b+u+m+p+(?:ing|ed|s|ity)?";
        let thread = "тред(?:а|у|ик|ика|ику|с|д)?|нить|треж|thread|этот|this|!";
        Regex::new(&format!("^(?:(?:{russian}|{english})+(?: (?:{thread}))*(?: |$))+$")).expect("the pattern is sound")
    });
    // A bump is a word or a few: what is longer needs no look.
    if text.chars().count() > 200 {
        return false;
    }
    let lower = text.to_lowercase();
    let words: Vec<&str> =
        lower.split(|letter: char| !letter.is_alphabetic()).filter(|word| !word.is_empty()).collect();
    BUMP.is_match(&words.join(" "))
}

#[cfg(test)]
mod tests {
    use super::is_bump;

    #[test]
    fn only_what_says_nothing_else_is_a_bump() {
        for bump in [
            "бамп",
            "Бамп!",
            "БАМП БАМП\nБАМП",
            "бампую тред",
            "бааамп",
            "bump",
            "Bump.",
            "бамп1",
            ">бамп",
            "бампирую",
            "BUMP this thread",
            "бампбамп",
        ] {
            assert!(is_bump(bump), "{bump}");
        }
        for other in
            ["", "!", "бамплимит скоро", "почему бамп?", "бампер помял", "бамп, где все", "тред", "трампампам", "обамп"]
        {
            assert!(!is_bump(other), "{other}");
        }
    }
}
