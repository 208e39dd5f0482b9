//! The daemon's end: sends jobs, hears their tokens, and notices when nobody will make them.

mod pending;
mod session;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use lapin::BasicProperties;
use maskarad_engine::{Finished, ModelKey};
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use self::pending::{Entry, Pending};
use super::broker::{BrokerConfig, BrokerError, Link};
use super::crew::Crew;
use super::protocol::{self, Job, ToWorker, Token, VERSION};
use super::topology::{self, Kind};
use super::{Elsewhere, TELL};
use crate::clock::Dice;
use crate::generator::GenerateRequest;

/// How long a broker that is away may take to come back before what is there counts as lost.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long after its deadline a job's end is still waited for: the broker has to tell that it died.
const GRACE: Duration = Duration::from_secs(10);

/// What is heard of a job elsewhere.
#[derive(Debug)]
pub enum Heard {
    /// The next token.
    Token(Token),
    /// The end. Always the last.
    Finished(Finished),
    /// It can never be carried out. Always the last.
    Failed(String),
    /// Nobody elsewhere will carry it out; here it may be. Always the last.
    Lost(String),
}

/// The models that this daemon may send jobs for.
pub type Catalogue = dyn Fn() -> Vec<ModelKey> + Send + Sync;

/// The daemon's end of the broker. Clones share it.
#[derive(Clone)]
pub struct Remote(Arc<Shared>);

struct Shared {
    config: BrokerConfig,
    /// Another at each start, so that nobody waits for a former process's results.
    daemon: String,
    crew: Crew,
    pending: Pending,
    next: AtomicU64,
    link: RwLock<Result<Link, String>>,
    last_trouble: Mutex<Option<String>>,
    fell_back: AtomicU64,
}

/// A job elsewhere. Dropping it cancels the job.
pub struct Run {
    shared: Arc<Shared>,
    attempt: u64,
    heard: mpsc::UnboundedReceiver<Heard>,
    ended: bool,
}

impl Remote {
    /// An end that isn't connected yet; `daemon` is this process's number.
    pub fn new(config: BrokerConfig, daemon: String) -> Self {
        Self(Arc::new(Shared {
            config,
            daemon,
            crew: Crew::default(),
            pending: Pending::default(),
            next: AtomicU64::new(0),
            link: RwLock::new(Err("the broker has not been reached yet".to_owned())),
            last_trouble: Mutex::default(),
            fell_back: AtomicU64::new(0),
        }))
    }

    /// Keeps the connection, and hears whatever comes, until the daemon has stopped.
    pub async fn run(self, catalogue: Arc<Catalogue>, dice: Dice, stopped: CancellationToken) {
        let watch = async {
            loop {
                tokio::time::sleep(TELL / 4).await;
                self.give_up_the_lost();
            }
        };
        tokio::select! {
            () = session::keep(&self.0, &catalogue, &dice) => {}
            () = watch => {}
            () = stopped.cancelled() => {}
        }
        let link = std::mem::replace(&mut *self.link_mut(), Err("the daemon has stopped".to_owned()));
        if let Ok(link) = link {
            link.close().await;
        }
    }

    /// Whether a job for this model can be given to anybody at the moment.
    ///
    /// # Errors
    /// Why not.
    pub fn can_make(&self, model: &ModelKey) -> Result<(), String> {
        self.link().and_then(|link| link.check().map_err(|error| error.to_string()))?;
        if self.0.crew.can_make(model, Instant::now()) { Ok(()) } else { Err("no worker has these weights".to_owned()) }
    }

    /// Gives a job to whoever takes it first. Returns once the broker has it safe.
    ///
    /// # Errors
    /// Why it could not be given; it may still reach a worker, whose result nobody waits for.
    pub async fn begin(&self, request: GenerateRequest) -> Result<Run, String> {
        self.can_make(&request.model)?;
        let link = self.link()?;
        let attempt = self.0.next.fetch_add(1, Ordering::Relaxed);
        let (sender, heard) = mpsc::unbounded_channel();
        let deadline = Instant::now() + request.deadline + GRACE;
        self.0.pending.add(attempt, Entry::new(request.model, sender, deadline));
        // From here on whoever drops it cancels the job.
        let run = Run { shared: Arc::clone(&self.0), attempt, heard, ended: false };
        let kind = if request.directed { Kind::Directed } else { Kind::Ambient };
        let queue = topology::jobs(&request.model, kind);
        let properties = self.properties(attempt, request.deadline);
        let job = Job { v: VERSION, daemon: self.0.daemon.clone(), attempt, request };
        match link.deliver(&queue, &protocol::bytes(&job), properties).await {
            Ok(()) => Ok(run),
            Err(error) => Err(self.0.troubled(error.to_string())),
        }
    }

    fn properties(&self, attempt: u64, deadline: Duration) -> BasicProperties {
        let headers = topology::table(&[(topology::DAEMON, topology::text(&self.0.daemon))]);
        BasicProperties::default()
            .with_expiration(deadline.as_millis().max(1).to_string().into())
            .with_correlation_id(attempt.to_string().into())
            .with_headers(headers)
    }

    /// A reply is made here, because of this.
    pub fn fell_back(&self, why: &str) {
        self.0.fell_back.fetch_add(1, Ordering::Relaxed);
        self.0.troubled(why.to_owned());
    }

    /// How all this stands.
    pub fn elsewhere(&self) -> Elsewhere {
        Elsewhere {
            broker_trouble: self.link().and_then(|link| link.check().map_err(|error| error.to_string())).err(),
            workers: self.0.crew.standings(Instant::now()),
            under_way: self.0.pending.len(),
            fell_back: self.0.fell_back.load(Ordering::Relaxed),
            last_trouble: self.0.last_trouble.lock().unwrap_or_else(PoisonError::into_inner).clone(),
        }
    }

    /// Ends whatever waits in vain: nobody is there to make it, the broker is away for long, or its time is over.
    fn give_up_the_lost(&self) {
        let now = Instant::now();
        let away = self.link().err();
        self.0.pending.expire(now, PATIENCE, |model| match &away {
            Some(why) => Some(why.clone()),
            None if self.0.crew.can_make(model, now) => None,
            None => Some("no worker that has these weights is left".to_owned()),
        });
    }

    fn link(&self) -> Result<Link, String> {
        self.0.link.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn link_mut(&self) -> std::sync::RwLockWriteGuard<'_, Result<Link, String>> {
        self.0.link.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Shared {
    /// Remembers what went wrong last.
    fn troubled(&self, why: String) -> String {
        *self.last_trouble.lock().unwrap_or_else(PoisonError::into_inner) = Some(why.clone());
        why
    }

    /// Tells the workers that nobody waits for a job any more. It is as good if they don't hear it.
    fn cancel(self: &Arc<Self>, attempt: u64) {
        let Ok(link) = self.link.read().unwrap_or_else(PoisonError::into_inner).clone() else { return };
        let order = ToWorker::Cancel { daemon: self.daemon.clone(), attempt };
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move {
                let told: Result<(), BrokerError> = link.tell(topology::ORDERS, "", &protocol::bytes(&order)).await;
                if let Err(error) = told {
                    tracing::debug!(%error, "a job can't be cancelled; it expires");
                }
            });
        }
    }
}

impl Run {
    /// What is heard next. After the last of it, [`Heard::Lost`].
    pub async fn next(&mut self) -> Heard {
        let heard = self.heard.recv().await.unwrap_or_else(|| Heard::Lost("the job is not under way".to_owned()));
        self.ended |= matches!(heard, Heard::Finished(_) | Heard::Failed(_));
        heard
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        self.shared.pending.remove(self.attempt);
        if !self.ended {
            self.shared.cancel(self.attempt);
        }
    }
}
