//! Plots as SVG that takes its colours from the page around it.

use maud::{Markup, html};

const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 220.0;
/// Room for labels below and beside the bars.
const BELOW: f64 = 24.0;
const BESIDE: f64 = 56.0;
/// Labels that fit below the bars.
const MOST_LABELS: usize = 16;

/// One bar for each value, with the labels below as far as they fit.
#[must_use]
pub fn bars(title: &str, values: &[(String, u64)]) -> Markup {
    let most = values.iter().map(|(_, value)| *value).max().unwrap_or(0).max(1);
    let step = (WIDTH - BESIDE) / values.len().max(1) as f64;
    let every = values.len().div_ceil(MOST_LABELS).max(1);
    let place = |at: usize| BESIDE + step * at as f64;
    let height = |value: u64| value as f64 / most as f64 * (HEIGHT - 2.0 * BELOW);
    html! {
        svg viewBox=(format!("0 0 {WIDTH} {HEIGHT}")) role="img" aria-label=(title) {
            line.axis x1=(BESIDE) x2=(WIDTH) y1=(HEIGHT - BELOW) y2=(HEIGHT - BELOW) {}
            text x=(BESIDE - 6.0) y=(BELOW + 4.0) text-anchor="end" { (most) }
            text x=(BESIDE - 6.0) y=(HEIGHT - BELOW) text-anchor="end" { "0" }
            @for (at, (label, value)) in values.iter().enumerate() {
                rect.bar x=(fixed(place(at) + 1.0)) y=(fixed(HEIGHT - BELOW - height(*value)))
                    width=(fixed((step - 2.0).max(1.0))) height=(fixed(height(*value))) {
                    title { (label) ": " (value) }
                }
                @if at % every == 0 {
                    text x=(fixed(place(at) + step / 2.0)) y=(HEIGHT - 8.0) text-anchor="middle" { (label) }
                }
            }
        }
    }
}

fn fixed(value: f64) -> String {
    format!("{value:.1}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_highest_bar_fills_the_plot_and_labels_are_escaped() {
        let svg = bars("lengths", &[("<a>".to_owned(), 2), ("b".to_owned(), 4)]).into_string();
        assert!(svg.contains(r#"height="172.0""#) && svg.contains(r#"height="86.0""#), "{svg}");
        assert!(svg.contains("&lt;a&gt;: 2") && !svg.contains("<a>"));
        assert!(bars("nothing", &[]).into_string().contains("<svg"));
    }
}
