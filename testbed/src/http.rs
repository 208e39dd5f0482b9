//! The Bot API's outside: addresses, tokens, envelopes, and faults that are done to the connection.
//! What a method does is `methods`' business.

mod connection;

mod input;

use std::{
    future::pending,
    io,
    sync::Arc,
    time::{Duration, UNIX_EPOCH},
};

use axum::{
    Router,
    body::Body,
    extract::{ConnectInfo, DefaultBodyLimit, Request, State},
    http::{
        HeaderValue, StatusCode,
        header::{CONTENT_TYPE, DATE},
    },
    response::Response,
};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::{
    error::ApiError,
    fault::{Call, Fault},
    ids::{MessageId, UserId},
    methods::{self, Method},
    params::Params,
    shared::Shared,
    world::log::Outcome,
};
use connection::{CuttableListener, Cutter};

/// Serves until the emulator is stopped.
pub(crate) async fn serve(listener: TcpListener, shared: Arc<Shared>) -> io::Result<()> {
    let listener = CuttableListener::new(listener, shared.stop.clone());
    let stop = shared.stop.clone();
    let app = Router::new().fallback(answer).layer(DefaultBodyLimit::disable()).with_state(shared);
    axum::serve(listener, app.into_make_service_with_connect_info::<Cutter>())
        .with_graceful_shutdown(async move { stop.cancelled().await })
        .await
}

/// A call that has been let in.
struct Admitted {
    bot: UserId,
    name: String,
    params: Params,
    sequence: u64,
    fault: Option<Fault>,
}

async fn answer(
    State(shared): State<Arc<Shared>>,
    ConnectInfo(cutter): ConnectInfo<Cutter>,
    request: Request,
) -> Response {
    let admitted = match admit(&shared, request).await {
        Ok(admitted) => admitted,
        Err(error) => return dated(&shared, refusal(&error)),
    };
    match carry_out(&shared, &admitted).await {
        Reply::Say(status, body) => {
            close(&shared, &admitted, Outcome::Answered(status.as_u16()));
            dated(&shared, respond(status, body))
        }
        Reply::HangUp(outcome) => {
            close(&shared, &admitted, outcome);
            cutter.cut();
            pending().await
        }
    }
}

/// What the caller gets.
enum Reply {
    Say(StatusCode, String),
    HangUp(Outcome),
}

async fn admit(shared: &Shared, request: Request) -> Result<Admitted, ApiError> {
    let (token, name) = input::address(request.uri()).ok_or(ApiError::NotFound)?;
    let bot = shared.look(|world| world.bot_by_token(&token)).ok_or(ApiError::Unauthorized)?;
    let params = input::read(request).await?;
    let name = Method::parse(&name).map_or(name, |method| method.name().to_owned());
    let call = Call { bot, method: &name, chat: params.chat_id() };
    let (sequence, fault) = shared.change(|world| {
        let sequence = world.requests.open(bot, &name, &params.0);
        let fault = world.faults.strike(&call);
        world.requests.befallen(sequence, fault.clone());
        (sequence, fault)
    });
    Ok(Admitted { bot, name, params, sequence, fault })
}

async fn carry_out(shared: &Arc<Shared>, call: &Admitted) -> Reply {
    match &call.fault {
        Some(Fault::DropConnection) => return Reply::HangUp(Outcome::Dropped),
        Some(Fault::Malformed) => {
            return Reply::Say(StatusCode::OK, "<html>{\"ok\":tru".to_owned());
        }
        Some(Fault::Held(delay)) => tokio::time::sleep(*delay).await,
        Some(fault) => {
            if let Some(error) = fault.api_error() {
                return say(&Err(error));
            }
        }
        None => {}
    }
    let result = execute(shared, call).await;
    match call.fault {
        Some(Fault::LostAnswer) => {
            let status = result.as_ref().map_or_else(ApiError::code, |_| 200);
            Reply::HangUp(Outcome::AnswerLost(status))
        }
        Some(Fault::Slow(delay)) => {
            tokio::time::sleep(delay).await;
            say(&result)
        }
        _ => say(&result),
    }
}

async fn execute(shared: &Arc<Shared>, call: &Admitted) -> Result<Value, ApiError> {
    let method = Method::parse(&call.name).ok_or(ApiError::MethodNotFound)?;
    let result = methods::call(shared, call.bot, method, &call.params).await?;
    if let (Method::SendMessage, Some(id)) = (method, result["message_id"].as_i64()) {
        shared.change(|world| world.requests.sent(call.sequence, MessageId(id)));
    }
    Ok(result)
}

fn say(result: &Result<Value, ApiError>) -> Reply {
    let (code, body) = match result {
        Ok(result) => (200, json!({ "ok": true, "result": result })),
        Err(error) => (error.code(), error.body()),
    };
    Reply::Say(StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR), body.to_string())
}

fn refusal(error: &ApiError) -> Response {
    let status = StatusCode::from_u16(error.code()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    respond(status, error.body().to_string())
}

fn respond(status: StatusCode, body: String) -> Response {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// Adds the time of the emulator's clock, as the real server tells its own.
fn dated(shared: &Shared, mut response: Response) -> Response {
    let now = u64::try_from(shared.look(|world| world.now())).unwrap_or_default();
    let now = httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_secs(now));
    if let Ok(now) = HeaderValue::from_str(&now) {
        response.headers_mut().insert(DATE, now);
    }
    response
}

fn close(shared: &Shared, call: &Admitted, outcome: Outcome) {
    shared.change(|world| world.requests.close(call.sequence, outcome));
}

/// The longest that a long poll may last.
pub(crate) const LONGEST_POLL: Duration = Duration::from_secs(50);
