//! How long a client may take: to send the head of a request, and to be silent between two.
//!
//! A sensor that posts once a minute keeps its connection; one that sends a head letter by letter does not. hyper has one time-out for
//! both, so these are measured here: when bytes come, when a request begins and when its answer has been sent.

use std::{
    convert::Infallible,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
};

use http::{Request, Response, Version};
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::Instant,
};

use super::limits::Limits;

/// What one connection is doing.
#[derive(Debug, Clone)]
pub(super) struct Pace(Arc<Mutex<Doing>>);

#[derive(Debug, Clone, Copy)]
enum Doing {
    /// Nothing yet.
    New(Instant),
    /// Nothing, since the last answer.
    Silent(Instant),
    /// Sending a head.
    Asking(Instant),
    /// So many requests are being answered.
    Answering(u32),
    /// HTTP/2: so many requests are being answered, since this moment. Bytes say little of it: pings and windows are bytes too.
    Multiplexed(u32, Instant),
}

/// Who took too long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TooSlow {
    /// An HTTP/1 connection: nothing is under way.
    Single,
    /// An HTTP/2 connection, on which a request may be under way to us.
    Multiplexed,
}

impl Pace {
    pub(super) fn new() -> Self {
        Self(Arc::new(Mutex::new(Doing::New(Instant::now()))))
    }

    fn change(&self, to: impl FnOnce(Doing) -> Doing) {
        let mut doing = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *doing = to(*doing);
    }

    fn heard(&self) {
        self.change(|doing| match doing {
            Doing::New(_) | Doing::Silent(_) => Doing::Asking(Instant::now()),
            other => other,
        });
    }

    /// A request has come, whose answer is under way until the guard is dropped.
    pub(super) fn asked<B>(&self, request: &Request<B>) -> Answering {
        let is_multiplexed = request.version() == Version::HTTP_2;
        self.change(|doing| match doing {
            Doing::Multiplexed(count, _) => Doing::Multiplexed(count + 1, Instant::now()),
            _ if is_multiplexed => Doing::Multiplexed(1, Instant::now()),
            Doing::Answering(count) => Doing::Answering(count + 1),
            Doing::New(_) | Doing::Silent(_) | Doing::Asking(_) => Doing::Answering(1),
        });
        Answering(self.clone())
    }

    /// Returns when the client has taken longer than these limits allow.
    pub(super) async fn too_slow(&self, limits: &Limits) -> TooSlow {
        let head = limits.header_read_timeout;
        loop {
            let doing = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
            let until = match doing {
                Doing::New(since) => Some(since + limits.first_request_timeout),
                Doing::Silent(since) | Doing::Multiplexed(0, since) => Some(since + limits.idle_timeout),
                Doing::Asking(since) => Some(since + head),
                Doing::Answering(_) | Doing::Multiplexed(..) => None,
            };
            // A head that begins after this look is looked at in time.
            let look_again = Instant::now() + head;
            match until {
                Some(until) if until <= Instant::now() => {
                    return if matches!(doing, Doing::Multiplexed(..)) { TooSlow::Multiplexed } else { TooSlow::Single };
                }
                Some(until) => tokio::time::sleep_until(until.min(look_again)).await,
                None => tokio::time::sleep_until(look_again).await,
            }
        }
    }
}

/// An answer under way.
#[derive(Debug)]
pub(super) struct Answering(Pace);

impl Drop for Answering {
    fn drop(&mut self) {
        self.0.change(|doing| match doing {
            Doing::Answering(count) if count > 1 => Doing::Answering(count - 1),
            Doing::Answering(_) => Doing::Silent(Instant::now()),
            Doing::Multiplexed(count, _) => Doing::Multiplexed(count.saturating_sub(1), Instant::now()),
            other => other,
        });
    }
}

pin_project! {
    /// An answer's body, which says when it has been sent.
    pub(super) struct Sent<B> {
        #[pin]
        body: B,
        answering: Option<Answering>,
    }
}

impl<B: Body> Body for Sent<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        self.project().body.poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

pin_project! {
    /// A stream that tells when bytes come.
    pub(super) struct Heard<S> {
        #[pin]
        stream: S,
        pace: Pace,
    }
}

pin_project! {
    /// A request being answered.
    pub(super) struct Answer<F> {
        #[pin]
        future: F,
        answering: Option<Answering>,
    }
}

impl<F> Answer<F> {
    pub(super) fn to(future: F, answering: Answering) -> Self {
        Self { future, answering: Some(answering) }
    }
}

impl<F, B> Future for Answer<F>
where
    F: Future<Output = Result<Response<B>, Infallible>>,
{
    type Output = Result<Response<Sent<B>>, Infallible>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let response = match this.future.poll(context) {
            Poll::Pending => return Poll::Pending,
            Poll::Ready(Ok(response)) => response,
        };
        let answering = this.answering.take();
        Poll::Ready(Ok(response.map(|body| Sent { body, answering })))
    }
}

impl<S> Heard<S> {
    pub(super) fn on(stream: S, pace: Pace) -> Self {
        Self { stream, pace }
    }
}

impl<S: AsyncRead> AsyncRead for Heard<S> {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<std::io::Result<()>> {
        let this = self.project();
        let before = buffer.filled().len();
        let read = this.stream.poll_read(context, buffer);
        if buffer.filled().len() > before {
            this.pace.heard();
        }
        read
    }
}

impl<S: AsyncWrite> AsyncWrite for Heard<S> {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<std::io::Result<usize>> {
        self.project().stream.poll_write(context, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        self.project().stream.poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        self.project().stream.poll_shutdown(context)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        pieces: &[std::io::IoSlice<'_>],
    ) -> Poll<std::io::Result<usize>> {
        self.project().stream.poll_write_vectored(context, pieces)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
