//! One form for texts: both kinds of export give the same.

/// Without the space around it, and with one kind of line end.
pub(super) fn tidy(text: &str) -> String {
    let text = text.trim();
    if text.contains('\r') { text.replace("\r\n", "\n").replace('\r', "\n") } else { text.to_owned() }
}
