//! What a persona with a webhook needs of the daemon's settings: two files that must agree.

use crate::config::daemon::DaemonConfig;
use crate::config::persona::{Persona, Updates};
use crate::config::problem::Problem;

/// What is missing for the webhooks of these personas, told by each manifest that asks for one.
pub fn problems(config: &DaemonConfig, personas: &[Persona]) -> Vec<Problem> {
    let missing: Vec<&str> = [
        (config.listen.is_none(), "http.listen (MASKARAD_HTTP_LISTEN)"),
        (config.telegram.webhook.is_none(), "telegram.webhook (MASKARAD_TELEGRAM_WEBHOOK)"),
    ]
    .into_iter()
    .filter_map(|(missing, key)| missing.then_some(key))
    .collect();
    if missing.is_empty() {
        return Vec::new();
    }
    let message = format!(
        "is webhook, for which the daemon's settings need {}; maskarad.example.yaml says how, or write polling",
        missing.join(" and ")
    );
    let asking = personas.iter().filter(|persona| persona.updates == Updates::Webhook);
    asking.map(|persona| Problem::of_file(&persona.source, "updates", &message)).collect()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::config::environment::Environment;
    use crate::testing::persona;

    fn told(settings: &str, updates: Updates) -> Vec<String> {
        let config = crate::config::daemon::parse(Path::new("m.yaml"), settings, Environment::new(&|_| None)).unwrap();
        let persona = Persona { updates, ..persona() };
        problems(&config, &[persona]).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn what_is_missing_is_told_by_who_needs_it() {
        let listen = "http: { listen: '127.0.0.1:8443' }";
        let public = "telegram: { webhook: 'https://bots.example.org' }";
        assert_eq!(told("", Updates::Polling), [""; 0]);
        assert_eq!(told(&format!("{listen}\n{public}"), Updates::Webhook), [""; 0]);
        let both = told("", Updates::Webhook).remove(0);
        assert!(
            both.starts_with("avtobus.yaml: updates: ")
                && both.contains("http.listen")
                && both.contains("telegram.webhook")
        );
        let one = told(listen, Updates::Webhook).remove(0);
        assert!(!one.contains("http.listen") && one.contains("telegram.webhook"), "{one}");
    }
}
