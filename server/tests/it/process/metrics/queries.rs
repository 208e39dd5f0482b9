//! What dashboard and alerts ask of Prometheus.

use std::path::{Path, PathBuf};

use regex::Regex;
use serde::Deserialize;
use serde_json::Value;

/// A question, and whose it is.
#[derive(Debug)]
pub(super) struct Query {
    pub(super) title: String,
    pub(super) expr: String,
    /// How Grafana is to name each line of the answer: a text with `{{label}}`s.
    pub(super) legend: String,
}

/// A file of the folder `ops`.
pub(super) fn ops(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../ops").canonicalize().unwrap().join(file)
}

/// Where a panel is, in cells of Grafana's grid.
#[derive(Debug, Deserialize)]
pub(super) struct Place {
    pub(super) x: i32,
    pub(super) y: i32,
    pub(super) w: i32,
    pub(super) h: i32,
}

/// A panel of the dashboard; rows, which ask nothing, are among them.
#[derive(Debug)]
pub(super) struct Panel {
    pub(super) title: String,
    /// `stat`, `timeseries` or `row`.
    pub(super) kind: String,
    pub(super) unit: String,
    pub(super) place: Place,
    pub(super) queries: Vec<Query>,
}

/// The dashboard's panels.
pub(super) fn panels() -> Vec<Panel> {
    let text = std::fs::read_to_string(ops("grafana/maskarad.json")).unwrap();
    let dashboard: Value = serde_json::from_str(&text).unwrap();
    dashboard["panels"].as_array().unwrap().iter().map(panel).collect()
}

/// A panel, with Grafana's variables replaced as for all personas and a window of some scrapes.
fn panel(panel: &Value) -> Panel {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let (title, kind) = (text(&panel["title"]), text(&panel["type"]));
    let targets: &[Value] = panel["targets"].as_array().map_or(&[], Vec::as_slice);
    assert_eq!(targets.is_empty(), kind == "row", "{title} asks nothing");
    assert!(kind == "row" || panel["datasource"]["uid"] == "${datasource}", "{title}");
    let queries = targets.iter().map(|target| {
        let expr = text(&target["expr"]).replace("$__rate_interval", "10s").replace("$persona", ".*");
        assert!(!expr.is_empty() && !expr.contains('$'), "{title}: {expr}");
        Query { title: title.clone(), expr, legend: text(&target["legendFormat"]) }
    });
    Panel {
        queries: queries.collect(),
        unit: text(&panel["fieldConfig"]["defaults"]["unit"]),
        place: serde_json::from_value(panel["gridPos"].clone()).unwrap(),
        title,
        kind,
    }
}

/// What all of them ask.
pub(super) fn dashboard() -> Vec<Query> {
    panels().into_iter().flat_map(|panel| panel.queries).collect()
}

#[derive(Deserialize)]
struct File {
    groups: Vec<Group>,
}

#[derive(Deserialize)]
struct Group {
    rules: Vec<Rule>,
}

#[derive(Deserialize)]
struct Rule {
    alert: String,
    expr: String,
}

/// What the alerts compare with their bounds.
pub(super) fn alerts() -> Vec<Query> {
    let text = std::fs::read_to_string(ops("prometheus/alerts.yml")).unwrap();
    let file: File = serde_saphyr::from_str(&text).unwrap();
    let comparison = Regex::new(r"(?s)^(.*\S)\s+(?:==|!=|<=|>=|<|>)\s+[0-9.]+$").unwrap();
    let rules = file.groups.into_iter().flat_map(|group| group.rules);
    rules
        .map(|Rule { alert, expr }| {
            let compared =
                comparison.captures(&expr).unwrap_or_else(|| panic!("{alert} compares with no bound: {expr}"));
            Query { title: alert, expr: compared[1].to_owned(), legend: String::new() }
        })
        .collect()
}

/// The names of our metrics in an expression.
pub(super) fn metrics_in(expr: &str) -> Vec<String> {
    let name = Regex::new(r"\bmaskarad_[a-z_]+").unwrap();
    name.find_iter(expr).map(|found| found.as_str().to_owned()).collect()
}

/// Whether an answer holds a number: an average of nothing is none.
pub(super) fn tells_something(answer: &Value) -> bool {
    let numbers = answer.as_array().into_iter().flatten().filter_map(|series| series["value"][1].as_str());
    numbers.filter_map(|number| number.parse::<f64>().ok()).any(f64::is_finite)
}
