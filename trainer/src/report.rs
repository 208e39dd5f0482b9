//! Self-contained HTML pages with plots in SVG.
