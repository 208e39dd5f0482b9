//! Self-contained HTML pages with plots in SVG: no script, no request, light and dark. Knows no figures of its own.

pub mod plot;

use maud::{DOCTYPE, Markup, html};

const STYLE: &str = "
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color: #222; background: #fff }
table { border-collapse: collapse; margin: 1rem 0 } th, td { padding: .3rem .8rem; border-bottom: 1px solid #ddd; text-align: left; vertical-align: top }
td.number { text-align: right; font-variant-numeric: tabular-nums } .context { white-space: pre-line; color: #666 } .note { color: #666 }
svg { max-width: 100%; height: auto } svg text { fill: currentColor; font: 12px system-ui, sans-serif } svg .bar { fill: #4269a5 } svg .axis { stroke: #999 }
@media (prefers-color-scheme: dark) { body { color: #ddd; background: #181818 } th, td { border-color: #444 } .context, .note { color: #999 } svg .bar { fill: #7da2dc } }
";

/// A page with this title and body.
#[must_use]
pub fn page(title: &str, body: &Markup) -> String {
    html! {
        (DOCTYPE)
        html lang="en" {
            head { meta charset="utf-8"; meta name="viewport" content="width=device-width"; title { (title) } style { (STYLE) } }
            body { h1 { (title) } (body) }
        }
    }
    .into_string()
}

/// A cell with a number.
#[must_use]
pub fn number(value: f64, digits: usize) -> Markup {
    html! { td.number { (format!("{value:.digits$}")) } }
}
