//! Prometheus' text format, as far as the daemon speaks it.

use std::collections::BTreeMap;

use maskarad::metrics::{ALL, Kind, Metric};

/// What is told only where a broker is set, and of workers that are there.
pub(super) const OF_WORKERS: [&str; 8] = [
    "maskarad_generations_total",
    "maskarad_fallbacks_total",
    "maskarad_jobs_elsewhere",
    "maskarad_broker_up",
    "maskarad_workers",
    "maskarad_worker_slots",
    "maskarad_worker_busy",
    "maskarad_worker_tokens_per_second",
];

/// What a scrape brought.
pub(super) struct Exposition {
    help: BTreeMap<String, String>,
    kinds: BTreeMap<String, String>,
    samples: Vec<Sample>,
}

struct Sample {
    name: String,
    labels: Vec<(String, String)>,
    value: f64,
}

impl Exposition {
    pub(super) fn read(text: &str) -> Self {
        let mut read = Self { help: BTreeMap::new(), kinds: BTreeMap::new(), samples: Vec::new() };
        for line in text.lines().filter(|line| !line.is_empty()) {
            let comment = |kind: &str| line.strip_prefix(kind).map(|rest| rest.split_once(' ').unwrap());
            if let Some((name, help)) = comment("# HELP ") {
                read.help.insert(name.to_owned(), help.to_owned());
            } else if let Some((name, kind)) = comment("# TYPE ") {
                read.kinds.insert(name.to_owned(), kind.to_owned());
            } else {
                read.samples.push(sample(line));
            }
        }
        read
    }

    /// Every metric is there with its help, its kind and a number; a histogram with buckets. Those of workers, where there are any.
    pub(super) fn holds_every_metric(&self, workers: bool) {
        for metric in ALL {
            let name = metric.name;
            if !workers && OF_WORKERS.contains(&name) {
                assert!(!self.kinds.contains_key(name), "{name} is told without a broker");
                continue;
            }
            assert!(self.help.get(name).is_some_and(|help| !help.is_empty()), "{name} has no help");
            let (kind, part) = match metric.kind {
                Kind::Counter => ("counter", ""),
                Kind::Gauge => ("gauge", ""),
                Kind::Histogram(_) => ("histogram", "_bucket"),
            };
            assert_eq!(self.kinds.get(name).map(String::as_str), Some(kind), "{name}");
            assert_eq!(metric.name.ends_with("_total"), metric.kind == Kind::Counter, "{name}");
            let found = self.samples.iter().any(|sample| sample.name == format!("{name}{part}"));
            assert!(found, "{name} has no number");
        }
    }

    /// No metric is unknown, none has labels but its own, and their values are words.
    pub(super) fn labels_are_bounded(&self) {
        for Sample { name, labels, .. } in &self.samples {
            let metric = ALL.iter().find(|metric| is_of(name, metric)).unwrap_or_else(|| panic!("{name} is unknown"));
            for (label, value) in labels {
                match label.as_str() {
                    "le" => assert!(value == "+Inf" || value.parse::<f64>().is_ok(), "{name} {value}"),
                    "persona" => assert!(["avtobus", "polkson"].contains(&value.as_str()), "{name} {value}"),
                    "worker" => assert_eq!(value, "attic", "{name}"),
                    "route" => assert!(value == "other" || value.starts_with('/'), "{name} {value}"),
                    "status" => {
                        assert!(["1xx", "2xx", "3xx", "4xx", "5xx"].contains(&value.as_str()), "{name} {value}");
                    }
                    "version" => assert_eq!(value, env!("CARGO_PKG_VERSION")),
                    _ => assert!(value.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'), "{name} {value}"),
                }
                let histogram = matches!(metric.kind, Kind::Histogram(_));
                let allowed = metric.labels.contains(&label.as_str()) || (histogram && label == "le");
                assert!(allowed, "{name} has a label {label}");
            }
        }
    }

    /// Everything but the numbers.
    pub(super) fn words(&self) -> String {
        let labels = self.samples.iter().flat_map(|sample| sample.labels.iter().map(|(label, value)| (label, value)));
        let words = self.help.iter().chain(labels).map(|(name, words)| format!("{name} {words}"));
        words.collect::<Vec<_>>().join("\n")
    }

    /// The sum of a metric's numbers with these labels.
    pub(super) fn sum(&self, name: &str, with: &[(&str, &str)]) -> f64 {
        let has =
            |sample: &Sample, label: &str, value: &str| sample.labels.iter().any(|(l, v)| l == label && v == value);
        let samples = self.samples.iter().filter(|sample| sample.name == name);
        samples.filter(|sample| with.iter().all(|(label, value)| has(sample, label, value))).map(|s| s.value).sum()
    }
}

fn is_of(sample: &str, metric: &Metric) -> bool {
    let Some(part) = sample.strip_prefix(metric.name) else { return false };
    match metric.kind {
        Kind::Histogram(_) => ["_bucket", "_sum", "_count"].contains(&part),
        Kind::Counter | Kind::Gauge => part.is_empty(),
    }
}

fn sample(line: &str) -> Sample {
    let (series, value) = line.rsplit_once(' ').unwrap();
    let (name, labels) = series.split_once('{').unwrap_or((series, "}"));
    let labels = labels.strip_suffix('}').unwrap();
    let pairs = labels.split("\",").filter(|pair| !pair.is_empty());
    let pairs = pairs.map(|pair| pair.split_once("=\"").unwrap());
    let labels = pairs.map(|(label, value)| (label.to_owned(), value.trim_end_matches('"').to_owned())).collect();
    Sample { name: name.to_owned(), labels, value: value.parse().unwrap() }
}
