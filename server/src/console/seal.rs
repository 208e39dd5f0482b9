//! A session as its cookie tells of it, and the words that only we can have written. Pure: the secret and the time are parameters.

use axum::http::HeaderMap;
use axum::http::header::COOKIE;
use cookie::{Cookie, CookieJar, Key, SameSite};
use time::{Duration, OffsetDateTime};

use crate::store::SigningSecret;

/// How long a session is.
pub(super) const SESSION_LASTS: Duration = Duration::days(7);
/// How far the clocks of daemons on one database may be apart.
const APART: Duration = Duration::HOUR;
/// The session's cookie.
const NAME: &str = "maskarad_session";
/// Characters of a signature: 32 bytes as base64.
const SIGNATURE: usize = 44;
/// A signature says nothing of what it is for, so each text begins with that.
const FOR_SESSIONS: &str = "session";
const FOR_CHANGES: &str = "change";

/// What sessions are signed with.
#[derive(Clone)]
pub(super) struct Seal(Key);

/// Somebody who has logged in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Session {
    /// The link's or the key's name.
    pub(super) name: String,
    pub(super) begun: OffsetDateTime,
    /// What no other session has.
    pub(super) salt: u64,
}

impl Session {
    fn text(&self) -> String {
        format!("{}|{}|{:016x}", self.name, self.begun.unix_timestamp(), self.salt)
    }

    fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('|');
        let (name, begun, salt) = (parts.next()?, parts.next()?, parts.next()?);
        let begun = OffsetDateTime::from_unix_timestamp(begun.parse().ok()?).ok()?;
        Some(Self { name: name.to_owned(), begun, salt: u64::from_str_radix(salt, 16).ok()? })
    }

    fn is_good(&self, now: OffsetDateTime) -> bool {
        let age = now - self.begun;
        age < SESSION_LASTS && age > -APART
    }
}

impl Seal {
    pub(super) fn new(secret: &SigningSecret) -> Self {
        Self(Key::from(secret.expose()))
    }

    /// The cookie of a session.
    pub(super) fn cookie(&self, session: &Session) -> Cookie<'static> {
        kept(Cookie::new(NAME, self.signed(FOR_SESSIONS, &session.text())), SESSION_LASTS)
    }

    /// The session whose cookie a request brings, if it is good now. There may be cookies of that name that others have set, for a
    /// machine's ports share them.
    pub(super) fn session(&self, headers: &HeaderMap, now: OffsetDateTime) -> Option<Session> {
        let sessions = cookies(headers).filter_map(|cookie| {
            let text = CookieJar::new().signed(&self.0).verify(cookie)?.value().to_owned();
            Session::parse(text.strip_prefix(FOR_SESSIONS)?.strip_prefix('|')?)
        });
        sessions.into_iter().find(|session| session.is_good(now))
    }

    /// What the header of a change must hold in this session. Nobody makes it without the secret, and nobody makes a session of it.
    pub(super) fn for_changes(&self, session: &Session) -> String {
        self.signed(FOR_CHANGES, &session.text()).chars().take(SIGNATURE).collect()
    }

    /// The text, for this purpose, behind its signature.
    fn signed(&self, purpose: &str, text: &str) -> String {
        let mut jar = CookieJar::new();
        jar.signed_mut(&self.0).add(Cookie::new(NAME, format!("{purpose}|{text}")));
        jar.get(NAME).map(|signed| signed.value().to_owned()).expect("a cookie that was added is there")
    }
}

/// Whether a request brings a session's cookie at all.
pub(super) fn has_cookie(headers: &HeaderMap) -> bool {
    cookies(headers).next().is_some()
}

fn cookies(headers: &HeaderMap) -> impl Iterator<Item = Cookie<'static>> {
    let sent = headers.get_all(COOKIE).iter().filter_map(|sent| sent.to_str().ok());
    let cookies = sent.flat_map(Cookie::split_parse).filter_map(Result::ok);
    cookies.filter(|cookie| cookie.name() == NAME).map(Cookie::into_owned)
}

/// A cookie that makes a browser forget its session.
pub(super) fn forgotten() -> Cookie<'static> {
    kept(Cookie::new(NAME, ""), Duration::ZERO)
}

fn kept(mut cookie: Cookie<'static>, lasts: Duration) -> Cookie<'static> {
    cookie.set_path("/");
    cookie.set_http_only(true);
    cookie.set_same_site(SameSite::Strict);
    cookie.set_max_age(lasts);
    cookie
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::NOW;

    fn seal(byte: u8) -> Seal {
        Seal::new(&SigningSecret::new([byte; SigningSecret::LENGTH]))
    }

    fn session() -> Session {
        Session { name: "link#7".to_owned(), begun: NOW, salt: 5 }
    }

    fn sent(cookies: &str) -> HeaderMap {
        HeaderMap::from_iter([(COOKIE, cookies.parse().unwrap())])
    }

    #[test]
    fn a_session_is_known_again_by_its_cookie_while_it_lasts() {
        let cookie = seal(1).cookie(&session());
        let headers = sent(&format!("a=b; {}; c=d", cookie.stripped()));
        assert_eq!(seal(1).session(&headers, NOW + Duration::days(6)), Some(session()));
        assert_eq!(seal(1).session(&headers, NOW + SESSION_LASTS), None, "too old");
        assert_eq!(seal(1).session(&headers, NOW - Duration::hours(2)), None, "of the future");
        assert_eq!(seal(2).session(&headers, NOW), None, "signed with another secret");
        for part in ["HttpOnly", "SameSite=Strict", "Path=/", "Max-Age=604800"] {
            assert!(cookie.to_string().contains(part), "{part} in {cookie}");
        }
        let shadowed = sent(&format!("{NAME}=nonsense; {}", cookie.stripped()));
        assert_eq!(seal(1).session(&shadowed, NOW), Some(session()), "others may set cookies, too");
    }

    #[test]
    fn no_letter_of_a_cookie_can_be_changed() {
        let good = seal(1).cookie(&session()).value().to_owned();
        for at in 0..good.len() {
            let mut bytes = good.clone().into_bytes();
            bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
            let altered = String::from_utf8(bytes).unwrap();
            assert_eq!(seal(1).session(&sent(&format!("{NAME}={altered}")), NOW), None, "{altered}");
        }
        for nonsense in ["", "x", "session|link#1|0|0", "ё", &"A".repeat(44), &good[..good.len() - 1]] {
            assert_eq!(seal(1).session(&sent(&format!("{NAME}={nonsense}")), NOW), None, "{nonsense}");
        }
    }

    #[test]
    fn a_word_for_changes_is_no_part_of_a_cookie() {
        let (cookie, word) = (seal(1).cookie(&session()), seal(1).for_changes(&session()));
        assert_eq!(word.len(), SIGNATURE);
        assert!(!cookie.value().contains(&word), "a script that knows the word must not know the cookie");
        let made = sent(&format!("{NAME}={word}{FOR_CHANGES}|{}", session().text()));
        assert_eq!(seal(1).session(&made, NOW), None);
        let other = Session { salt: 6, ..session() };
        assert!(word != seal(1).for_changes(&other) && word != seal(2).for_changes(&session()));
    }
}
