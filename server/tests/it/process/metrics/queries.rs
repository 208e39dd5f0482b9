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
}

/// A file of the folder `ops`.
pub(super) fn ops(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../ops").canonicalize().unwrap().join(file)
}

/// What the dashboard's panels ask, with Grafana's variables replaced as for all personas and a window of some scrapes.
pub(super) fn dashboard() -> Vec<Query> {
    let text = std::fs::read_to_string(ops("grafana/maskarad.json")).unwrap();
    let dashboard: Value = serde_json::from_str(&text).unwrap();
    let panels = dashboard["panels"].as_array().unwrap().iter().filter(|panel| panel["type"] != "row");
    let mut queries = Vec::new();
    for panel in panels {
        let title = panel["title"].as_str().unwrap().to_owned();
        assert_eq!(panel["datasource"]["uid"], "${datasource}", "{title}");
        let targets = panel["targets"].as_array().unwrap();
        assert!(!targets.is_empty(), "{title} asks nothing");
        for target in targets {
            let expr = target["expr"].as_str().unwrap();
            let expr = expr.replace("$__rate_interval", "10s").replace("$persona", ".*");
            assert!(!expr.contains('$'), "{title}: {expr}");
            queries.push(Query { title: title.clone(), expr });
        }
    }
    queries
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
            Query { title: alert, expr: compared[1].to_owned() }
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
