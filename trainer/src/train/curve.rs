//! The loss of a run as a picture.

use std::fmt::Write;

use super::history::History;

const WIDTH: f32 = 800.0;
const HEIGHT: f32 = 400.0;
const MARGIN: f32 = 50.0;

/// An SVG of the losses: each step's thin, their running mean thick, evaluations as dots.
#[must_use]
pub(super) fn draw(history: &History) -> String {
    let steps: Vec<(u64, f32)> = history.losses().collect();
    let held_out: Vec<(u64, f32)> = history.evaluations().collect();
    let frame = Frame::around(&steps, &held_out);
    let mut svg = format!(
        r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" font-size="12"><rect width="100%" height="100%" fill="white"/>"#
    );
    frame.axes(&mut svg);
    frame.line(&mut svg, &steps, "#c3d3ea", 1.0);
    frame.line(&mut svg, &running_mean(&steps), "#2563a8", 2.0);
    frame.line(&mut svg, &held_out, "#c2410c", 1.5);
    for point in &held_out {
        let (x, y) = frame.place(*point);
        let _ = write!(svg, r##"<circle cx="{x:.1}" cy="{y:.1}" r="3" fill="#c2410c"/>"##);
    }
    svg += "</svg>\n";
    svg
}

/// Each point as the mean of those around it.
fn running_mean(points: &[(u64, f32)]) -> Vec<(u64, f32)> {
    let reach = points.len() / 50;
    let mean = |(at, (step, _)): (usize, &(u64, f32))| {
        let around = &points[at.saturating_sub(reach)..points.len().min(at + reach + 1)];
        (*step, around.iter().map(|(_, loss)| loss).sum::<f32>() / around.len() as f32)
    };
    points.iter().enumerate().map(mean).collect()
}

/// Where values lie in the picture.
struct Frame {
    last: f32,
    lowest: f32,
    highest: f32,
}

impl Frame {
    fn around(steps: &[(u64, f32)], held_out: &[(u64, f32)]) -> Self {
        let losses = || steps.iter().chain(held_out).map(|(_, loss)| *loss);
        let last = steps.last().map_or(1, |(step, _)| *step) as f32;
        let (lowest, highest) = (losses().fold(f32::INFINITY, f32::min), losses().fold(0.0, f32::max));
        let lowest = if lowest.is_finite() { lowest } else { 0.0 };
        Self { last: last.max(1.0), lowest, highest: highest.max(lowest + 1e-3) }
    }

    fn place(&self, (step, loss): (u64, f32)) -> (f32, f32) {
        let (wide, high) = (WIDTH - 2.0 * MARGIN, HEIGHT - 2.0 * MARGIN);
        let share = (loss - self.lowest) / (self.highest - self.lowest);
        (MARGIN + wide * step as f32 / self.last, HEIGHT - MARGIN - high * share)
    }

    fn axes(&self, svg: &mut String) {
        let (left, right, top, bottom) = (MARGIN, WIDTH - MARGIN, MARGIN, HEIGHT - MARGIN);
        for quarter in 0..=4 {
            let share = quarter as f32 / 4.0;
            let loss = self.lowest + (self.highest - self.lowest) * share;
            let y = bottom - (bottom - top) * share;
            let _ = write!(
                svg,
                r##"<path d="M{left} {y}H{right}" stroke="#ddd"/><text x="{}" y="{}" text-anchor="end">{loss:.2}</text>"##,
                left - 6.0,
                y + 4.0
            );
            let x = left + (right - left) * share;
            let _ = write!(
                svg,
                r#"<text x="{x}" y="{}" text-anchor="middle">{:.0}</text>"#,
                bottom + 18.0,
                self.last * share
            );
        }
        let _ = write!(
            svg,
            r##"<text x="{left}" y="24">loss by step: <tspan fill="#2563a8">training</tspan>, <tspan fill="#c2410c">held out</tspan></text>"##
        );
    }

    fn line(&self, svg: &mut String, points: &[(u64, f32)], colour: &str, width: f32) {
        let places = points.iter().map(|point| self.place(*point)).map(|(x, y)| format!("{x:.1},{y:.1}"));
        let places: Vec<String> = places.collect();
        let _ = write!(
            svg,
            r#"<polyline points="{}" fill="none" stroke="{colour}" stroke-width="{width}"/>"#,
            places.join(" ")
        );
    }
}
