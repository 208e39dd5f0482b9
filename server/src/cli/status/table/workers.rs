//! Generation on other machines: the broker, and a table of the workers.

use super::super::told::{Elsewhere, Worker};
use super::plain;

const HEAD: [&str; 8] = ["WORKER", "VERSION", "COMPUTES BY", "BASES", "BUSY", "TOKENS/S", "HEARD", "TROUBLE"];

/// All of it.
pub(super) fn render(elsewhere: &Elsewhere) -> String {
    let broker = match &elsewhere.broker_trouble {
        None => "the broker is there".to_owned(),
        Some(trouble) => format!("no broker ({trouble})"),
    };
    let mut lines = vec![format!(
        "elsewhere: {broker}, {} jobs are with workers, {} replies were made here instead",
        elsewhere.under_way, elsewhere.fell_back
    )];
    lines.push(if elsewhere.workers.is_empty() {
        "  no worker is heard".to_owned()
    } else {
        plain(HEAD, elsewhere.workers.iter().map(row))
    });
    lines.extend(elsewhere.last_trouble.as_ref().map(|trouble| format!("last trouble elsewhere: {trouble}")));
    lines.join("\n")
}

fn row(worker: &Worker) -> [String; 8] {
    let trouble = worker.unusable.as_ref().or(worker.trouble.as_ref());
    [
        worker.name.clone(),
        worker.program.clone(),
        worker.instruction_set.clone(),
        worker.bases.to_string(),
        format!("{} of {}", worker.busy, worker.slots),
        format!("{:.0}", worker.tokens_per_second),
        format!("{} s ago", worker.heard_seconds_ago),
        trouble.map_or_else(|| "none".to_owned(), Clone::clone),
    ]
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn rendered(said: serde_json::Value) -> String {
        render(&serde_json::from_value(said).unwrap())
    }

    #[test]
    fn broker_and_workers_are_shown() {
        let worker = |name: &str, more: serde_json::Value| {
            let mut worker = json!({
                "name": name, "program": "0.1.0", "instruction_set": "avx2", "unusable": null, "bases": 1, "slots": 32,
                "busy": 3, "tokens_per_second": 310.4, "heard_seconds_ago": 1, "trouble": null,
            });
            worker.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            worker
        };
        let said = json!({
            "broker_trouble": null, "under_way": 3, "fell_back": 2, "last_trouble": "no worker that has these weights is left",
            "workers": [
                worker("attic", json!({})),
                worker("cellar", json!({ "unusable": "it isn't heard any more", "busy": 0, "heard_seconds_ago": 40 })),
                worker("shed", json!({ "trouble": "worker.daemon has no such weights any more", "bases": 0, "busy": 0 })),
            ],
        });
        insta::assert_snapshot!(rendered(said), @r"
        elsewhere: the broker is there, 3 jobs are with workers, 2 replies were made here instead
         WORKER  VERSION  COMPUTES BY  BASES  BUSY     TOKENS/S  HEARD     TROUBLE
         attic   0.1.0    avx2         1      3 of 32  310       1 s ago   none
         cellar  0.1.0    avx2         1      0 of 32  310       40 s ago  it isn't heard any more
         shed    0.1.0    avx2         0      0 of 32  310       1 s ago   worker.daemon has no such weights any more
        last trouble elsewhere: no worker that has these weights is left
        ");
    }

    #[test]
    fn an_empty_crew_and_a_broker_that_is_away() {
        let said = rendered(json!({ "broker_trouble": "the broker: it has gone silent", "surprise": 1 }));
        insta::assert_snapshot!(said, @r"
        elsewhere: no broker (the broker: it has gone silent), 0 jobs are with workers, 0 replies were made here instead
          no worker is heard
        ");
    }
}
