//! A picture of the dashboard as Grafana would show it: the same panels, at the same places, from the same queries. Grafana itself
//! isn't needed for it.

use std::path::Path;

use plotters::coord::Shift;
use plotters::prelude::*;

use super::prometheus::{Prometheus, Series};
use super::queries::{Panel, Place, panels};

/// Pixels of a column and of a row of Grafana's grid.
const CELL: (i32, i32) = (60, 30);
const COLUMNS: i32 = 24;
/// How many seconds are shown.
const SHOWN: u32 = 60;
const PAPER: RGBColor = RGBColor(24, 27, 31);
const PANEL: RGBColor = RGBColor(34, 37, 43);
const INK: RGBColor = RGBColor(204, 204, 220);
const FAINT: RGBColor = RGBColor(64, 68, 76);
const GOOD: RGBColor = RGBColor(115, 191, 105);

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

/// Draws what Prometheus answers to the dashboard's queries over the last minute.
pub(super) async fn draw(prometheus: &Prometheus, file: &Path) {
    let panels = panels();
    let mut answers = Vec::new();
    for panel in &panels {
        let mut series = Vec::new();
        for query in &panel.queries {
            series.extend(prometheus.over_time(query, SHOWN).await);
        }
        answers.push(series);
    }
    let height = panels.iter().map(|panel| panel.place.y + panel.place.h).max().expect("there are panels");
    let size = (COLUMNS * CELL.0, height * CELL.1);
    let mut drawn = String::new();
    {
        let (width, height) = (u32::try_from(size.0).unwrap(), u32::try_from(size.1).unwrap());
        let paper = SVGBackend::with_string(&mut drawn, (width, height)).into_drawing_area();
        paper.fill(&PAPER).unwrap();
        for (panel, series) in panels.iter().zip(&answers) {
            one(&cut(&paper, &panel.place), panel, series);
        }
        paper.present().unwrap();
    }
    std::fs::write(file, drawn).unwrap();
}

fn cut<'a>(paper: &Area<'a>, place: &Place) -> Area<'a> {
    let corner = (place.x * CELL.0 + 4, place.y * CELL.1 + 4);
    paper.clone().shrink(corner, (place.w * CELL.0 - 8, place.h * CELL.1 - 8))
}

fn one(area: &Area<'_>, panel: &Panel, series: &[Series]) {
    let title = |size: i32| ("sans-serif", size).into_font().color(&INK);
    match panel.kind.as_str() {
        "row" => area.draw_text(&panel.title, &title(16), (4, 4)).unwrap(),
        "stat" => {
            area.fill(&PANEL).unwrap();
            area.draw_text(&panel.title, &title(13), (8, 8)).unwrap();
            let value = series.first().map_or_else(|| "no data".to_owned(), |series| stat(panel, series));
            area.draw_text(&value, &("sans-serif", 32).into_font().color(&GOOD), (8, 48)).unwrap();
        }
        _ => graph(area, panel, series),
    }
}

fn stat(panel: &Panel, series: &Series) -> String {
    let last = series.points.last().map_or(f64::NAN, |(_, value)| *value);
    if panel.title == "Release" { series.legend.clone() } else { told(last, &panel.unit) }
}

fn graph(area: &Area<'_>, panel: &Panel, series: &[Series]) {
    area.fill(&PANEL).unwrap();
    let points = || series.iter().flat_map(|series| &series.points).filter(|(_, value)| value.is_finite());
    let most = points().map(|(_, value)| *value).fold(0.0, f64::max);
    let most = if most > 0.0 { most * 1.1 } else { 1.0 };
    let first = points().map(|(at, _)| *at).fold(f64::INFINITY, f64::min);
    let mut chart = ChartBuilder::on(area)
        .margin(8)
        .caption(&panel.title, ("sans-serif", 14).into_font().color(&INK))
        .x_label_area_size(18)
        .y_label_area_size(58)
        .build_cartesian_2d(0.0..f64::from(SHOWN), 0.0..most)
        .unwrap();
    let label = ("sans-serif", 11).into_font().color(&INK);
    chart
        .configure_mesh()
        .light_line_style(TRANSPARENT)
        .bold_line_style(FAINT)
        .axis_style(FAINT)
        .label_style(label.clone())
        .x_labels(7)
        .y_labels(5)
        .x_label_formatter(&|seconds| format!("{seconds:.0} s"))
        .y_label_formatter(&|value| told(*value, &panel.unit))
        .draw()
        .unwrap();
    for (index, series) in series.iter().enumerate() {
        let color = Palette99::pick(index).to_rgba();
        // Where nothing was told a line ends, and the next begins.
        for (part, points) in series.points.split(|(_, value)| !value.is_finite()).enumerate() {
            let line = LineSeries::new(points.iter().map(|(at, value)| (at - first, *value)), color.stroke_width(2));
            let drawn = chart.draw_series(line).unwrap();
            if part == 0 {
                drawn.label(&series.legend).legend(move |(x, y)| PathElement::new([(x, y), (x + 12, y)], color));
            }
        }
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::UpperLeft)
        .background_style(PANEL.mix(0.7))
        .label_font(label)
        .legend_area_size(14)
        .draw()
        .unwrap();
}

/// A number in the panel's unit.
fn told(value: f64, unit: &str) -> String {
    match unit {
        "s" if value < 1.0 => format!("{:.1} ms", value * 1e3),
        "s" => format!("{value:.1} s"),
        "bytes" => format!("{:.1} MiB", value / f64::from(1 << 20)),
        "percentunit" => format!("{:.0} %", value * 100.0),
        "reqps" => format!("{value:.1}/s"),
        _ if value.fract() == 0.0 || value >= 100.0 => format!("{value:.0}"),
        _ => format!("{value:.2}"),
    }
}
