//! Who calls, as the guard found out. Every handler of the API's listener can ask for it.

use std::net::SocketAddr;

use axum::http::HeaderMap;

use super::error::ApiError;

/// Who calls, and from where.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    pub(crate) role: Role,
    /// Whether a change is really this caller's wish: the header that no page of another site can send is there, and right.
    pub(crate) meant: bool,
    /// An address, for people and for the limit of log-ins.
    pub(crate) address: String,
}

/// As whom somebody calls.
#[derive(Clone, Debug)]
pub(crate) enum Role {
    /// From elsewhere, and unknown; what the API says to that.
    Nobody(ApiError),
    /// Straight from this machine, and not logged in.
    Visitor,
    /// Logged in to the console.
    Operator(Operator),
    /// A program with a key of this name.
    Key(String),
}

/// Somebody who is logged in.
#[derive(Clone, Debug)]
pub(crate) struct Operator {
    /// Their link's or key's name.
    pub(crate) name: String,
    /// What the header of a change of theirs must hold.
    pub(crate) csrf: String,
    /// Whether they sit at this very machine: the API would let them in all the same.
    pub(crate) near: bool,
}

impl Caller {
    /// For the audit log.
    pub(crate) fn who(&self) -> String {
        let name = match &self.role {
            Role::Nobody(_) => "nobody",
            Role::Visitor => "visitor",
            Role::Operator(operator) => &operator.name,
            Role::Key(name) => name,
        };
        format!("{name} {}", self.address)
    }
}

/// Where a request comes from. A proxy of this very machine is believed whom it serves, in the last address that it adds.
pub(super) fn address(peer: Option<SocketAddr>, headers: &HeaderMap) -> String {
    let Some(peer) = peer.map(|peer| peer.ip().to_canonical()) else { return "unknown".to_owned() };
    let forwarded = headers.get_all("x-forwarded-for").iter().next_back().and_then(|value| value.to_str().ok());
    let last = forwarded.and_then(|list| list.rsplit(',').next()).and_then(|text| text.trim().parse().ok());
    last.filter(|_| peer.is_loopback()).unwrap_or(peer).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_proxy_of_this_machine_is_believed_whom_it_serves() {
        let headers =
            |value: &str| HeaderMap::from_iter([("x-forwarded-for".parse().unwrap(), value.parse().unwrap())]);
        let told = |peer: &str, value: &str| address(Some(peer.parse().unwrap()), &headers(value));
        assert_eq!(told("127.0.0.1:5", "203.0.113.9, 192.0.2.7"), "192.0.2.7", "the last, which the proxy added");
        assert_eq!(told("[::ffff:127.0.0.1]:5", "2001:db8::1"), "2001:db8::1");
        assert_eq!(told("127.0.0.1:5", "<script>"), "127.0.0.1");
        assert_eq!(told("198.51.100.2:5", "192.0.2.7"), "198.51.100.2");
    }
}
