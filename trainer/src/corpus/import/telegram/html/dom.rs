//! Small steps in a document.

use scraper::{ElementRef, Node};

/// The elements right below this one.
pub(super) fn children(element: ElementRef<'_>) -> impl Iterator<Item = ElementRef<'_>> {
    element.child_elements()
}

/// Whether it is of this class.
pub(super) fn is(element: ElementRef, class: &str) -> bool {
    element.value().classes().any(|found| found == class)
}

/// The first element of this class right below this one.
pub(super) fn child<'a>(element: ElementRef<'a>, class: &str) -> Option<ElementRef<'a>> {
    children(element).find(|child| is(*child, class))
}

/// Every element below this one.
pub(super) fn below(element: ElementRef<'_>) -> impl Iterator<Item = ElementRef<'_>> {
    element.descendants().skip(1).filter_map(ElementRef::wrap)
}

/// What is written in it, with a line end for each `<br>`.
pub(super) fn text(element: ElementRef) -> String {
    let mut text = String::new();
    for node in element.descendants() {
        match node.value() {
            Node::Text(piece) => text.push_str(piece),
            Node::Element(element) if element.name() == "br" => text.push('\n'),
            _ => {}
        }
    }
    text
}

/// What is written in it itself, not in the elements below it.
pub(super) fn own_text(element: ElementRef) -> String {
    element.children().filter_map(|node| node.value().as_text()).map(|piece| &**piece).collect()
}
