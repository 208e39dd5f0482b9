//! What Telegram says of each persona's bot: its token, what it sees, how its updates come, and what time it is.

use std::time::Duration;

use super::finding::Findings;
use crate::chat::Me;
use crate::config::daemon::DaemonConfig;
use crate::config::persona::{Persona, Updates};
use crate::config::secret::Secret;
use crate::telegram::connect;
use crate::telegram::poll::PollError;
use crate::telegram::probe::{Ahead, Probe, ProbeError, Webhook};

/// A clock that is off by more makes fresh messages look stale, or stale ones fresh.
const MOST_OFF: u64 = 30;
/// How long another poller is listened for. Whoever was sent away comes again within a few seconds.
const LISTENING: Duration = Duration::from_secs(8);

/// Whether to wait for another poller, which sends it away once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Polling {
    /// Ask without waiting: disturbs nobody, and notices only what Telegram says at once.
    Glance,
    /// Wait like a poller.
    Listen,
}

/// Asks about every persona that has a token.
pub(super) async fn look(config: &DaemonConfig, personas: &[Persona], polling: Polling, findings: &mut Findings) {
    let http = match connect::http_client(config.telegram.proxy.as_ref()) {
        Ok(http) => http,
        Err(error) => return findings.error("telegram", crate::cli::sentence(&error), "mend telegram.proxy"),
    };
    let mut clock = None;
    for (persona, token) in personas.iter().filter_map(|persona| Some((persona, persona.token.as_ref()?))) {
        let probe = Probe::new(token, &config.telegram.api_url, http.clone());
        match probe.me().await {
            Ok((me, ahead)) => {
                clock = clock.or(ahead);
                bot(persona, &me, findings);
                updates(config, persona, &probe, polling, findings).await;
            }
            Err(ProbeError::Refused) => refused(persona, findings),
            Err(ProbeError::Unreachable(cause)) => {
                // The next bot would meet the same.
                unreachable(config, token, &cause, findings);
                break;
            }
        }
    }
    if let Some(ahead) = clock {
        time(ahead, findings);
    }
}

fn refused(persona: &Persona, findings: &mut Findings) {
    findings.error(
        "token",
        format!("{}: Telegram refuses the token", persona.name),
        format!("ask @BotFather for a new one (/mybots, API Token) and put it where {} says", persona.source.display()),
    );
}

fn unreachable(config: &DaemonConfig, token: &Secret, cause: &str, findings: &mut Findings) {
    // A gateway may repeat the address that it was asked for.
    let cause = cause.replace(token.expose(), "[token]");
    findings.error(
        "telegram",
        format!("the Bot API at {} doesn't answer: {cause}", host(config.telegram.api_url.as_str())),
        "see that this machine reaches it, or set telegram.proxy or telegram.api_url (MASKARAD_TELEGRAM_PROXY, …_API_URL)",
    );
}

fn bot(persona: &Persona, me: &Me, findings: &mut Findings) {
    let name = &persona.name;
    findings.ok("token", format!("{name}: the token is that of @{}", me.username));
    if me.can_read_all_group_messages {
        return findings.ok("privacy", format!("{name}: privacy mode is off, so it sees what is said in its groups"));
    }
    let mend = "@BotFather, /setprivacy, Disable; then take the bot out of its groups and add it again";
    let defaults = &persona.chat_defaults;
    if defaults.insanity || defaults.chance > 0.0 {
        let what = if defaults.insanity { "insanity is the default" } else { "triggers.chance is set" };
        let message = format!("{name}: {what}, but privacy mode is on: it doesn't see what it should answer in groups");
        findings.warning("privacy", message, mend);
    } else {
        let message =
            format!("{name}: privacy mode is on: in groups it hears mentions, replies and commands, but not its names");
        findings.note("privacy", message, mend);
    }
}

async fn updates(config: &DaemonConfig, persona: &Persona, probe: &Probe, polling: Polling, findings: &mut Findings) {
    match (probe.webhook().await, persona.updates) {
        (Ok(webhook), Updates::Webhook) => brought(config, persona, &webhook, findings),
        (Ok(webhook), Updates::Polling) if !webhook.url.is_empty() => {
            findings.warning(
                "webhook",
                format!(
                    "{}: is to poll, but a webhook at {} is set: whoever set it gets its messages",
                    persona.name,
                    host(&webhook.url)
                ),
                "stop the other program, or write `updates: webhook`; the daemon's start takes the webhook down, and a program \
                 that sets it again needs a new token (@BotFather, /revoke) to be shut out",
            );
        }
        (Ok(_), Updates::Polling) => {
            let wait = if polling == Polling::Listen { LISTENING } else { Duration::ZERO };
            poller(persona, probe.poll(wait).await, polling, findings);
        }
        (Err(error), _) => {
            let message = format!("{}: how its updates come can't be found out: {error}", persona.name);
            findings.warning("webhook", message, "try again in a minute");
        }
    }
}

fn brought(config: &DaemonConfig, persona: &Persona, webhook: &Webhook, findings: &mut Findings) {
    let name = &persona.name;
    let ours = config.telegram.webhook.as_deref().map(|base| format!("{base}/telegram/{name}"));
    if webhook.url.is_empty() {
        findings.ok("webhook", format!("{name}: no webhook is set yet; the daemon's start sets it"));
    } else if ours.is_some_and(|ours| ours != webhook.url) {
        let message = format!("{name}: its webhook is at {}, which isn't this daemon's", host(&webhook.url));
        findings.warning("webhook", message, "stop the other program; the daemon's start sets its own address");
    } else if let Some(error) = &webhook.last_error_message {
        let message = format!("{name}: the last thing that Telegram could not deliver: {error}");
        findings.warning(
            "webhook",
            message,
            "see that the proxy passes /telegram/ on to http.listen (docs/OPERATING.md)",
        );
    } else {
        findings.ok("webhook", format!("{name}: its webhook is set"));
    }
}

fn poller(persona: &Persona, polled: Result<(), PollError>, polling: Polling, findings: &mut Findings) {
    let name = &persona.name;
    match polled {
        Err(PollError::OtherPoller) => findings.error(
            "poller",
            format!("{name}: somebody else polls with its token, so each of the two loses messages to the other"),
            "stop the other program (or this daemon, if it runs already), or get a new token: @BotFather, /revoke",
        ),
        Ok(()) if polling == Polling::Listen => {
            findings.ok("poller", format!("{name}: nobody else polls with its token"));
        }
        Ok(()) => findings.ok("poller", format!("{name}: Telegram tells of no other poller; --listen makes sure")),
        Err(error) => {
            let message = format!("{name}: whether somebody else polls can't be found out: {error}");
            findings.warning("poller", message, "try again in a minute");
        }
    }
}

fn time(Ahead(seconds): Ahead, findings: &mut Findings) {
    let off = seconds.unsigned_abs();
    if off <= MOST_OFF {
        return findings.ok("clock", format!("the clock is right, within {MOST_OFF} s of the Bot API's"));
    }
    let direction = if seconds > 0 { "behind" } else { "ahead of" };
    findings.warning(
        "clock",
        format!("the machine's clock is {off} s {direction} the Bot API's: the age of messages is misjudged"),
        "set the clock by the network: timedatectl set-ntp true",
    );
}

/// An address without its path, which may hold a secret.
fn host(url: &str) -> String {
    let host = url::Url::parse(url).ok().and_then(|url| {
        let host = url.host_str()?.to_owned();
        Some(url.port().map_or_else(|| host.clone(), |port| format!("{host}:{port}")))
    });
    host.unwrap_or_else(|| "an address that can't be read".to_owned())
}

#[cfg(test)]
mod tests {
    use super::super::finding::Level;
    use super::*;

    #[test]
    fn a_webhooks_path_is_kept_secret() {
        assert_eq!(host("https://user:pw@bots.example.org:8443/bot123:SECRET"), "bots.example.org:8443");
        assert_eq!(host("https://bots.example.org/x"), "bots.example.org");
    }

    #[test]
    fn a_clock_may_be_a_little_off() {
        for (seconds, level) in [(0, Level::Ok), (-30, Level::Ok), (31, Level::Warning), (-31, Level::Warning)] {
            let mut findings = Findings::default();
            time(Ahead(seconds), &mut findings);
            assert_eq!(findings.told()[0].0, level, "{seconds}");
        }
    }
}
