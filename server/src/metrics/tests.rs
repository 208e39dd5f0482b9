//! The list of metrics, and what is told of a persona that is gone.

use std::collections::BTreeSet;

use metrics_exporter_prometheus::PrometheusBuilder;

use super::*;

#[test]
fn names_follow_the_conventions() {
    let name = regex::Regex::new("^maskarad(_[a-z]+)+$").unwrap();
    for metric in ALL {
        assert!(name.is_match(metric.name), "{metric:?}");
        assert_eq!(metric.name.ends_with("_total"), metric.kind == Kind::Counter, "{metric:?}");
        assert!(metric.help.ends_with('.'), "{metric:?}");
        if let Kind::Histogram(bounds) = metric.kind {
            assert!(bounds.len() > 5 && bounds.is_sorted_by(|a, b| a < b), "{metric:?}");
        }
    }
    assert_eq!(ALL.iter().map(|metric| metric.name).collect::<BTreeSet<_>>().len(), ALL.len());
}

#[test]
fn nothing_is_known_of_a_persona_that_is_gone() {
    let recorder = PrometheusBuilder::new().build_recorder();
    let persona = PersonaName::parse("avtobus").unwrap();
    ::metrics::with_local_recorder(&recorder, || {
        gauge(&names::PERSONA_UP, &[("persona", "avtobus")]).set(1.0);
        dismiss(&persona);
    });
    let told = recorder.handle().render();
    assert!(told.contains("maskarad_persona_up{persona=\"avtobus\"} NaN"), "{told}");
}

#[test]
fn calls_of_the_database_that_nobody_foresaw_are_told_together() {
    let recorder = PrometheusBuilder::new().build_recorder();
    ::metrics::with_local_recorder(&recorder, || database_called("telepathy", Duration::ZERO, true));
    let told = recorder.handle().render();
    assert!(told.contains("maskarad_database_errors_total{operation=\"other\"} 1"), "{told}");
}
