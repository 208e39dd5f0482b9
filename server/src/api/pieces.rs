//! A reply as a stream of pieces. Dropping it ends the generation and frees its place.

use std::collections::VecDeque;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Poll;

use futures::Stream;
use futures::stream;

use crate::speech::{Said, Speech, Unsaid};

/// What comes of a speech.
pub(super) enum Piece {
    /// More of the reply.
    Text(String),
    /// The last piece.
    End(Result<Said, Unsaid>),
}

/// Begins to speak once it is polled.
pub(super) fn pieces(speech: Speech) -> impl Stream<Item = Piece> + Send {
    let heard = Arc::new(Mutex::new(VecDeque::new()));
    let ear = Arc::clone(&heard);
    let mut speaking = Some(Box::pin(async move {
        let hear = |text: &str| {
            if !text.is_empty() {
                ear.lock().unwrap_or_else(PoisonError::into_inner).push_back(text.to_owned());
            }
        };
        speech.say(hear).await
    }));
    let mut end = None;
    stream::poll_fn(move |context| {
        if let Some(work) = &mut speaking
            && let Poll::Ready(said) = work.as_mut().poll(context)
        {
            (end, speaking) = (Some(said), None);
        }
        if let Some(text) = heard.lock().unwrap_or_else(PoisonError::into_inner).pop_front() {
            return Poll::Ready(Some(Piece::Text(text)));
        }
        match end.take() {
            Some(said) => Poll::Ready(Some(Piece::End(said))),
            None if speaking.is_none() => Poll::Ready(None),
            None => Poll::Pending,
        }
    })
}
