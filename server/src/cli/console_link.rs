//! `maskarad console-link`: a link that logs in to the console, once.

use std::io::Write;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use anyhow::Context;
use clap::Args;
use time::OffsetDateTime;
use url::Url;

use super::output::Output;
use super::{location, runtime};
use crate::clock::{secret_bytes, secret_text};
use crate::config::daemon::DaemonConfig;
use crate::console::LINK_LASTS;
use crate::store::{self, KeyHash, LoginLink, SigningSecret, Store};

/// Bytes of a link's secret.
const SECRET_LENGTH: usize = 32;

/// What `maskarad console-link` takes.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Where you reach the page: HOST:PORT, or https://HOST behind a proxy [default: the address of http.api_listen].
    #[arg(long, value_name = "ADDRESS", value_parser = base)]
    address: Option<String>,
    /// End all sessions and spoil all links before; a running daemon notices within five seconds.
    #[arg(long)]
    log_out_everybody: bool,
}

pub(super) fn run(arguments: &Arguments, config: &DaemonConfig) -> anyhow::Result<()> {
    let base = match &arguments.address {
        Some(base) => base.clone(),
        None => format!("http://{}", near(config.api_listen.context("http.api_listen is not set, so there is no page: set it in maskarad.yaml, or MASKARAD_HTTP_API_LISTEN, and start the daemon with it")?)),
    };
    let location = location(config)?;
    let secret = secret_text::<SECRET_LENGTH>()?;
    runtime()?.block_on(async {
        let store = store::open(&location).await?;
        let made = make(store.as_ref(), &secret, arguments.log_out_everybody).await;
        store.close().await;
        made
    })?;
    let mut output = Output::open();
    writeln!(output, "{base}/#login={secret}")?;
    Ok(output.flush()?)
}

async fn make(store: &dyn Store, secret: &str, log_out_everybody: bool) -> anyhow::Result<()> {
    let now = OffsetDateTime::now_utc();
    if log_out_everybody {
        store.replace_signing_secret(&SigningSecret::new(secret_bytes()?), now).await?;
    }
    let link = LoginLink { hash: KeyHash::of(secret), created_at: now, expires_at: now + LINK_LASTS };
    store.add_login_link(&link).await?;
    Ok(())
}

/// Where a listener is reached from this machine.
fn near(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
}

fn base(text: &str) -> Result<String, &'static str> {
    let whole = if text.contains("://") { text.to_owned() } else { format!("http://{text}") };
    let is_address = |url: &Url| {
        let is_plain = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
        matches!(url.scheme(), "http" | "https") && url.has_host() && url.username().is_empty() && is_plain
    };
    let url = Url::parse(&whole).ok().filter(is_address);
    url.map(|url| url.origin().ascii_serialization()).ok_or("HOST:PORT, or https://HOST")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_reached_by_an_address_that_can_be_opened() {
        for (address, expected) in
            [("0.0.0.0:8077", "127.0.0.1:8077"), ("[::]:80", "[::1]:80"), ("192.0.2.7:1", "192.0.2.7:1")]
        {
            assert_eq!(near(address.parse().unwrap()).to_string(), expected);
        }
        assert_eq!(base("https://bots.example.org/").unwrap(), "https://bots.example.org");
        assert_eq!(base("192.0.2.7:8077").unwrap(), "http://192.0.2.7:8077");
        assert_eq!(base("[::1]:80").unwrap(), "http://[::1]");
        for wrong in ["", "ftp://a", "https://a/somewhere", "a:99999", "me@a", "a b", "https://a/#login=x"] {
            assert!(base(wrong).is_err(), "{wrong}");
        }
    }
}
