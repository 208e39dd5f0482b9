//! Polite requests: one at a time, a pause between two, under our own name, and patience with a server that asks for it.

use std::io::Read;
use std::time::Duration;

use reqwest::StatusCode;
use reqwest::blocking::{Client, Response};
use reqwest::header::RETRY_AFTER;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc2822;
use url::Url;

use crate::corpus::import::ImportError;
use crate::corpus::import::board::LARGEST_THREAD;

const NAME: &str = concat!("maskarad/", env!("CARGO_PKG_VERSION"), " (corpus import)");
/// How often one address is asked for.
const TRIES: u32 = 5;
/// The wait after the first failure; it doubles with each.
const FIRST_WAIT: Duration = Duration::from_secs(2);
/// A server that asks for more patience is left alone until another run.
const LONGEST_WAIT: Duration = Duration::from_secs(15 * 60);
const CONNECT: Duration = Duration::from_secs(10);
const WHOLE: Duration = Duration::from_secs(60);

/// Time, which tests make pass quickly.
pub trait Clock {
    /// Now.
    fn now(&self) -> OffsetDateTime;

    /// Lets time pass.
    fn sleep(&self, time: Duration);
}

/// The machine's own.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> OffsetDateTime {
        OffsetDateTime::now_utc()
    }

    fn sleep(&self, time: Duration) {
        std::thread::sleep(time);
    }
}

/// What an address answers.
pub(super) enum Answer {
    /// This.
    Body(Vec<u8>),
    /// There is nothing, or no more.
    Gone,
    /// More than anyone should read.
    TooLarge,
}

/// Why one try failed.
struct Failed {
    problem: String,
    /// Whether another try may help, and how long the server wants to be left alone.
    again: Option<Option<Duration>>,
}

/// Asks one server.
pub(super) struct Web<'a> {
    client: Client,
    clock: &'a dyn Clock,
    pause: Duration,
    asked: bool,
}

impl<'a> Web<'a> {
    pub(super) fn new(clock: &'a dyn Clock, pause: Duration) -> Result<Self, ImportError> {
        let client = Client::builder()
            .user_agent(NAME)
            .connect_timeout(CONNECT)
            .timeout(WHOLE)
            .redirect(reqwest::redirect::Policy::limited(5))
            .build()
            .map_err(|error| gave_up("requests", problem_of(error)))?;
        Ok(Self { client, clock, pause, asked: false })
    }

    /// Asks until there is an answer, but not for ever.
    pub(super) fn get(&mut self, url: &Url) -> Result<Answer, ImportError> {
        let mut wait = FIRST_WAIT;
        for tried in 1.. {
            if std::mem::replace(&mut self.asked, true) {
                self.clock.sleep(self.pause);
            }
            let failed = match self.once(url) {
                Ok(answer) => return Ok(answer),
                Err(failed) => failed,
            };
            let asked_for = failed.again.map(|asked_for| asked_for.unwrap_or(wait));
            match asked_for.filter(|time| tried < TRIES && *time <= LONGEST_WAIT) {
                Some(time) => self.clock.sleep(time),
                None => return Err(gave_up(url.as_str(), failed.problem)),
            }
            wait *= 2;
        }
        unreachable!("tries are counted, and the last one returns")
    }

    fn once(&self, url: &Url) -> Result<Answer, Failed> {
        let later = |error| Failed { problem: problem_of(error), again: Some(None) };
        let response = self.client.get(url.clone()).send().map_err(later)?;
        let status = response.status();
        if status.is_success() {
            return body(response);
        }
        match status {
            StatusCode::NOT_FOUND | StatusCode::GONE => Ok(Answer::Gone),
            StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT => Err(self.refused(&response)),
            _ if status.is_server_error() => Err(self.refused(&response)),
            _ => Err(Failed { problem: format!("answers {status}"), again: None }),
        }
    }

    fn refused(&self, response: &Response) -> Failed {
        let asked_for = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok());
        let asked_for = asked_for.and_then(|text| patience(text, self.clock.now()));
        let problem = match asked_for {
            Some(time) => format!("answers {} and asks to wait {} s", response.status(), time.as_secs()),
            None => format!("answers {}", response.status()),
        };
        Failed { problem, again: Some(asked_for) }
    }
}

fn body(response: Response) -> Result<Answer, Failed> {
    let mut body = Vec::new();
    let read = response.take(LARGEST_THREAD + 1).read_to_end(&mut body);
    match read {
        Ok(_) if body.len() as u64 > LARGEST_THREAD => Ok(Answer::TooLarge),
        Ok(_) => Ok(Answer::Body(body)),
        Err(_) => Err(Failed { problem: "broke off in the middle".to_owned(), again: Some(None) }),
    }
}

/// Seconds, or a date.
fn patience(text: &str, now: OffsetDateTime) -> Option<Duration> {
    if let Ok(seconds) = text.trim().parse() {
        return Some(Duration::from_secs(seconds));
    }
    let until = OffsetDateTime::parse(text.trim(), &Rfc2822).ok()?;
    Some(Duration::try_from(until - now).unwrap_or_default())
}

/// What is wrong, without the address, which stands before it already.
fn problem_of(error: reqwest::Error) -> String {
    let error = error.without_url();
    if error.is_timeout() { "doesn't answer in time".to_owned() } else { error.to_string() }
}

fn gave_up(what: &str, problem: String) -> ImportError {
    let mend = "run it again later: what is there already is kept";
    ImportError::Elsewhere { what: what.to_owned(), problem, mend }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn servers_ask_for_patience_in_two_ways() {
        let now = datetime!(2015-10-21 07:27:00 UTC);
        assert_eq!(patience(" 30 ", now), Some(Duration::from_secs(30)));
        assert_eq!(patience("Wed, 21 Oct 2015 07:28:00 GMT", now), Some(Duration::from_secs(60)));
        assert_eq!(patience("Wed, 21 Oct 2015 07:20:00 GMT", now), Some(Duration::ZERO));
        for odd in ["", "soon", "-5", "99999999999999999999999"] {
            assert_eq!(patience(odd, now), None, "{odd}");
        }
    }
}
