//! Reads bodies within the limits of size, memory and time.

use std::{future::poll_fn, pin::Pin, time::Duration};

use bytes::Bytes;
use http::{HeaderMap, header};
use http_body::Body;

use super::negotiate;
use crate::{
    gateway::Gateway,
    intake::{Intake, no_memory},
    limit::Share,
    outcome::{Outcome, Refusal, Surface},
};

const COME_BACK_AFTER: Duration = Duration::from_secs(5);
/// Time to discard the rest of a refused body, so that its sender gets to read the answer.
const DISCARD_TIMEOUT: Duration = Duration::from_secs(2);

/// Reads a whole body. Memory is taken before it is filled.
pub(super) async fn read<B>(
    body: Pin<&mut B>,
    headers: &HeaderMap,
    surface: Surface,
    intake: &Intake,
    gateway: &Gateway,
) -> Result<(Bytes, Share), Refusal>
where
    B: Body<Data = Bytes>,
{
    let reader = Reader { intake, gateway, surface, declared: declared_length(headers) };
    if reader.declared.is_some_and(|length| length > intake.max_request_bytes) {
        return Err(reader.too_large());
    }
    match tokio::time::timeout(intake.body_timeout, reader.read(body)).await {
        Ok(read) => read,
        Err(_elapsed) => {
            let message = format!("the body did not come within {} s; send it again, in smaller batches", intake.body_timeout.as_secs());
            Err(Refusal::for_now(Outcome::BodyTooSlow, message, COME_BACK_AFTER))
        }
    }
}

/// Reads what is left of a body and drops it.
pub(super) async fn discard<B>(mut body: Pin<&mut B>, at_most: usize)
where
    B: Body<Data = Bytes>,
{
    let swallow = async {
        let mut left = at_most;
        while let Some(Ok(frame)) = next_frame(&mut body).await {
            left = left.saturating_sub(frame.data_ref().map_or(0, Bytes::len));
            if left == 0 {
                return;
            }
        }
    };
    // A client that still sends after that finds the connection closed.
    let _in_time = tokio::time::timeout(DISCARD_TIMEOUT, swallow).await;
}

struct Reader<'i> {
    intake: &'i Intake,
    gateway: &'i Gateway,
    surface: Surface,
    declared: Option<usize>,
}

impl Reader<'_> {
    async fn read<B>(&self, mut body: Pin<&mut B>) -> Result<(Bytes, Share), Refusal>
    where
        B: Body<Data = Bytes>,
    {
        let mut share = Share::of(&self.intake.budget, &self.gateway.memory);
        share.grow(self.declared.unwrap_or(0)).map_err(no_memory)?;

        let Some(first) = self.next_chunk(&mut body).await? else { return Ok((Bytes::new(), share)) };
        let expected = self.expected(&first)?;
        share.grow_to(expected.max(first.len())).map_err(no_memory)?;
        if body.is_end_stream() {
            return Ok((first, share));
        }

        let mut whole = Vec::with_capacity(expected.max(first.len()));
        whole.extend_from_slice(&first);
        drop(first);
        while let Some(chunk) = self.next_chunk(&mut body).await? {
            let length = whole.len() + chunk.len();
            if length > self.intake.max_request_bytes {
                return Err(self.too_large());
            }
            if length > whole.capacity() {
                let capacity = (whole.capacity() * 2).clamp(length, self.intake.max_request_bytes);
                share.grow_to(capacity).map_err(no_memory)?;
                whole.reserve_exact(capacity - whole.len());
            }
            whole.extend_from_slice(&chunk);
        }
        Ok((Bytes::from(whole), share))
    }

    /// Size of the body, as far as that is known after its first chunk.
    fn expected(&self, first: &Bytes) -> Result<usize, Refusal> {
        let of_frame = || (self.surface == Surface::OtlpGrpc).then(|| negotiate::frame(first)).flatten().map(|frame| frame.end());
        let expected = self.declared.or_else(of_frame).unwrap_or(first.len());
        if expected.max(first.len()) > self.intake.max_request_bytes { Err(self.too_large()) } else { Ok(expected) }
    }

    async fn next_chunk<B>(&self, body: &mut Pin<&mut B>) -> Result<Option<Bytes>, Refusal>
    where
        B: Body<Data = Bytes>,
    {
        loop {
            match next_frame(body).await {
                None => return Ok(None),
                Some(Err(_broken)) => {
                    return Err(Refusal::for_now(Outcome::BodyBroken, "the body broke off; send it again", COME_BACK_AFTER));
                }
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(chunk) if chunk.is_empty() => {}
                    Ok(chunk) => return Ok(Some(chunk)),
                    Err(_trailers) => {}
                },
            }
        }
    }

    fn too_large(&self) -> Refusal {
        let message = format!("the body is larger than {} bytes; send smaller batches", self.intake.max_request_bytes);
        Refusal::for_good(Outcome::TooLarge, message)
    }
}

async fn next_frame<B>(body: &mut Pin<&mut B>) -> Option<Result<http_body::Frame<Bytes>, B::Error>>
where
    B: Body<Data = Bytes>,
{
    poll_fn(|context| body.as_mut().poll_frame(context)).await
}

fn declared_length(headers: &HeaderMap) -> Option<usize> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}
