//! The HTTP listener: connections, how long they may dawdle, how many there may be, and how they end. What is answered is
//! the business of [`crate::telegram::webhook`], [`crate::health`] and [`crate::metrics`].

use std::net::SocketAddr;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use anyhow::Context as _;
use axum::Router;
use axum::http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tower::Service;

use crate::app::App;
use crate::health::{self, Health};
use crate::lifecycle::Lifecycle;
use crate::telegram::webhook::{self, Doors};

/// Connections at once; more wait to be accepted. Each takes a file descriptor, which the store needs too.
const CONNECTIONS: usize = 512;
/// How long a request's head may take, and how long a connection may stay open without one.
const HEAD_WITHIN: Duration = Duration::from_secs(30);
/// How long the requests under way may take to finish at a stop; less than the daemon has.
const FINISH_WITHIN: Duration = Duration::from_secs(15);
/// How long to rest after a connection could not be accepted: out of file descriptors, most likely.
const AFTER_A_FAILURE: Duration = Duration::from_millis(100);

/// Opens the listener.
///
/// # Errors
/// When the address is taken, or isn't one of this machine's.
pub async fn bind(address: SocketAddr) -> anyhow::Result<TcpListener> {
    bind_for("http.listen", address).await
}

/// Opens the listener whose address is this setting.
///
/// # Errors
/// When the address is taken, or isn't one of this machine's.
pub async fn bind_for(setting: &str, address: SocketAddr) -> anyhow::Result<TcpListener> {
    let listener = TcpListener::bind(address).await;
    listener.with_context(|| {
        let advice = format!("set {setting} to another address, or stop whoever has this one");
        format!("{setting}: {address} can't be listened at ({advice})")
    })
}

/// Starts to answer: webhooks, and questions after the daemon's health.
pub fn start(listener: TcpListener, app: &Arc<App>, doors: Arc<Doors>, lifecycle: &Lifecycle) {
    let health = Health::new(Arc::clone(app));
    let routes = webhook::routes(Arc::clone(app), doors).merge(health::routes(Arc::clone(&health)));
    lifecycle.spawn("health", health.run(lifecycle.stopping().clone()));
    start_routes("http", listener, routes, lifecycle);
}

/// Starts to answer these routes; `name` is the task's.
pub fn start_routes(name: &'static str, listener: TcpListener, routes: Router, lifecycle: &Lifecycle) {
    if let Ok(address) = listener.local_addr() {
        tracing::info!(%address, name, "listening");
    }
    lifecycle.spawn(name, serve(listener, routes, lifecycle.stopping().clone()));
}

/// Serves until the daemon stops; then lets the requests under way finish.
async fn serve(listener: TcpListener, routes: Router, stopping: CancellationToken) {
    let graceful = GracefulShutdown::new();
    let room = Arc::new(Semaphore::new(CONNECTIONS));
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            ((stream, peer), place) = accept(&listener, &room) => {
                let connection = connection(stream, Stamped { routes: routes.clone(), peer });
                let watched = graceful.watch(connection);
                connections.spawn(async move {
                    // Whatever went wrong with one connection is the other side's business.
                    if let Err(error) = watched.await {
                        tracing::debug!(%error, "a connection failed");
                    }
                    drop(place);
                });
            }
            Some(_) = connections.join_next() => {}
            () = stopping.cancelled() => break,
        }
    }
    // Whoever calls from now on is refused at once and comes again, instead of waiting for nothing.
    drop(listener);
    if tokio::time::timeout(FINISH_WITHIN, graceful.shutdown()).await.is_err() {
        tracing::warn!("some requests did not finish in time");
    }
}

/// The next connection, once there is room for it.
async fn accept(listener: &TcpListener, room: &Arc<Semaphore>) -> ((TcpStream, SocketAddr), OwnedSemaphorePermit) {
    let place = Arc::clone(room).acquire_owned().await.expect("the semaphore is never closed");
    loop {
        match listener.accept().await {
            Ok(accepted) => return (accepted, place),
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(AFTER_A_FAILURE).await;
            }
        }
    }
}

/// Who is at the other end of a connection; every request knows.
#[derive(Clone, Copy, Debug)]
pub struct Peer(pub SocketAddr);

/// Routes that tell each request who is at the other end.
#[derive(Clone)]
struct Stamped {
    routes: Router,
    peer: SocketAddr,
}

impl Service<Request<Incoming>> for Stamped {
    type Response = <Router as Service<Request<Incoming>>>::Response;
    type Error = <Router as Service<Request<Incoming>>>::Error;
    type Future = <Router as Service<Request<Incoming>>>::Future;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Service::<Request<Incoming>>::poll_ready(&mut self.routes, context)
    }

    fn call(&mut self, mut request: Request<Incoming>) -> Self::Future {
        request.extensions_mut().insert(Peer(self.peer));
        self.routes.call(request)
    }
}

type Connection = http1::Connection<TokioIo<TcpStream>, TowerToHyperService<Stamped>>;

fn connection(stream: TcpStream, routes: Stamped) -> Connection {
    // Small answers must not wait for the peer's delayed acknowledgement; a socket that can't be told so works all the same.
    let _ = stream.set_nodelay(true);
    http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_WITHIN)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(routes))
}
