//! Several daemons on one database share its personas: each notes that it lives and what it can serve, and all compute from
//! what all noted which of them serves whom.
//!
//! This only says who should try to serve a persona, and who should hand it over. Whoever serves does it by its lease
//! ([`crate::store::Lease`]), and nothing wrong that is believed here makes two daemons serve one persona. Where nobody asks
//! ([`run`] doesn't run: a SQLite file is one machine's), or nothing was heard yet, whoever gets a lease serves.

mod assignment;
mod round;
mod view;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, watch};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use self::round::Round;
use self::view::View;
use crate::app::App;
use crate::chat::Seat;
use crate::clock::Dice;
use crate::store::{Census, DaemonId, DaemonName, Heartbeat};

pub use self::view::Whose;

/// How often a daemon notes that it lives.
const BEAT: Duration = Duration::from_secs(2);
/// Personas come up in a bunch; they are noted together.
const TOGETHER: Duration = Duration::from_millis(50);
/// How long it may take to say farewell.
const FAREWELL: Duration = Duration::from_secs(1);

/// Who this daemon is, among those of its database.
#[derive(Clone, Debug)]
pub struct Identity {
    /// This process.
    pub id: DaemonId,
    /// What people call it.
    pub name: DaemonName,
}

impl Identity {
    /// This process, called as its machine is where it has no name of its own.
    pub fn of_process(name: Option<DaemonName>, dice: &Dice) -> Self {
        let name = name.unwrap_or_else(machine);
        let id = DaemonId(format!("{name}:{}:{:x}", std::process::id(), dice.seed()));
        Self { id, name }
    }
}

/// What this machine is called.
fn machine() -> DaemonName {
    let plain = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '.' | '_') { c } else { '-' };
    let name: String = crate::machine::name().chars().map(plain).take(64).collect();
    DaemonName::parse(&name).unwrap_or_else(|| DaemonName::parse("unnamed").expect("it is one word"))
}

/// What this daemon can serve, and what it knows of the others.
pub struct Spread {
    me: Identity,
    ready: Mutex<BTreeSet<Seat>>,
    /// Rung when that has changed.
    news: Notify,
    view: watch::Sender<View>,
}

impl Spread {
    /// That of a daemon that has heard of no other.
    pub(crate) fn new(me: Identity) -> Self {
        Self { me, ready: Mutex::default(), news: Notify::new(), view: watch::Sender::default() }
    }

    /// Who this daemon is.
    pub fn me(&self) -> &Identity {
        &self.me
    }

    /// A persona could be served here at once.
    pub(crate) fn stand_ready(&self, seat: Seat) {
        if self.ready.lock().unwrap_or_else(PoisonError::into_inner).insert(seat) {
            self.news.notify_one();
        }
    }

    /// It could not any more.
    pub(crate) fn withdraw(&self, seat: &Seat) {
        if self.ready.lock().unwrap_or_else(PoisonError::into_inner).remove(seat) {
            self.news.notify_one();
        }
    }

    /// Who should serve a persona there.
    pub fn whose(&self, seat: &Seat) -> Whose {
        self.view.borrow().whose(seat)
    }

    /// The other daemon that serves a persona there, or should, as far as is known.
    pub fn server(&self, seat: &Seat) -> Option<DaemonName> {
        self.view.borrow().server(seat)
    }

    /// Tells whenever something else is known.
    pub(crate) fn watch(&self) -> watch::Receiver<View> {
        self.view.subscribe()
    }

    /// Waits until another daemon should serve a persona there; says which.
    pub(crate) async fn dismissed(&self, seat: &Seat) -> DaemonName {
        let mut watch = self.watch();
        loop {
            if let Whose::Anothers(name) = watch.borrow_and_update().whose(seat) {
                return name;
            }
            if watch.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }

    fn heartbeat(&self, first: bool) -> Heartbeat {
        let seats = self.ready.lock().unwrap_or_else(PoisonError::into_inner).clone();
        Heartbeat { id: self.me.id.clone(), name: self.me.name.clone(), seats, first }
    }

    fn learn(&self, view: View) {
        self.view.send_if_modified(|known| {
            let news = *known != view;
            *known = view;
            news
        });
    }
}

/// Shares the personas with the other daemons of the database, until this one stops. While the database can't be asked
/// everybody goes on as they were.
pub async fn run(app: Arc<App>, stopping: CancellationToken) {
    stopping.run_until_cancelled(rounds(&app)).await;
    let farewell = app.store.leave(&app.spread.me().id);
    if !matches!(tokio::time::timeout(FAREWELL, farewell).await, Ok(Ok(()))) {
        tracing::debug!("the other daemons could not be told that this one stops; they notice within seconds");
    }
}

async fn rounds(app: &App) {
    let spread = &app.spread;
    let mut round = Round::new(spread.me().id.clone());
    let (mut company, mut away, mut first) = (Vec::new(), false, true);
    loop {
        match app.store.beat(&spread.heartbeat(first)).await {
            Ok(census) => {
                (away, first) = (false, false);
                let view = round.hear(&census, Instant::now());
                tell(spread.me(), &census, view.company(), &mut company);
                spread.learn(view);
            }
            Err(error) if !std::mem::replace(&mut away, true) => {
                tracing::warn!(%error, "the other daemons can't be asked; everybody goes on as they were");
            }
            Err(_) => {}
        }
        tokio::select! {
            () = tokio::time::sleep(BEAT) => {}
            () = spread.news.notified() => tokio::time::sleep(TOGETHER).await,
        }
    }
}

/// Tells when daemons come and go.
fn tell(me: &Identity, census: &Census, living: &BTreeSet<DaemonId>, company: &mut Vec<String>) {
    let daemons = census.daemons.iter().filter(|daemon| living.contains(&daemon.id));
    let names: Vec<String> = daemons.clone().map(|daemon| daemon.name.to_string()).collect();
    if names == *company {
        return;
    }
    if names.len() > 1 || company.len() > 1 {
        tracing::info!(me = %me.name, daemons = names.join(" "), "the daemons of this database share its personas");
    }
    if daemons.clone().any(|daemon| daemon.name == me.name && daemon.id != me.id) {
        tracing::warn!(
            name = %me.name,
            "another daemon of this database has the same name, so that no persona can be placed at either; \
             write a `name` into the settings of one of them (MASKARAD_NAME)"
        );
    }
    *company = names;
}
