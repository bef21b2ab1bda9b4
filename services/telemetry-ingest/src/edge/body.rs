//! Reads bodies within the limits of size, memory and time.

use std::{future::poll_fn, pin::Pin, time::Duration};

use bytes::Bytes;
use http::{HeaderMap, header};
use http_body::Body;

use super::negotiate;
use crate::{
    gateway::Gateway,
    intake::Intake,
    limit::{Exhausted, Hold, Share},
    outcome::{Outcome, Refusal, Surface},
};

const COME_BACK_AFTER: Duration = Duration::from_secs(5);
/// Time to discard the rest of a refused body, so that its sender gets to read the answer.
const DISCARD_TIMEOUT: Duration = Duration::from_secs(2);

/// The least memory that is taken for a body that comes in several pieces.
const ROOM: usize = 4 * 1024;
/// What a request has in memory for each of its headers, beside their texts.
const OF_A_HEADER: usize = 96;
/// What a body is charged at least that does not come to its end: its connection and its head were held for as long as it took.
const LEAST_CHARGE: usize = 64 * 1024;

/// Reads a whole body. Memory is taken before it is filled, and little more of it than twice what has come: a length that is only announced
/// takes nothing. A body that does not come to its end is charged to the sender's rate.
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
    let reader = Reader { intake, surface, declared: declared_length(headers) };
    if reader.declared.is_some_and(|length| length > intake.max_request_bytes) {
        return Err(reader.too_large());
    }
    let mut incoming = Incoming::begin(intake, gateway, headers)?;
    let read = tokio::time::timeout(intake.body_timeout, reader.read(body, &mut incoming)).await.unwrap_or_else(|_elapsed| {
        let message = format!("the body did not come within {} s; send it again, in smaller batches", intake.body_timeout.as_secs());
        Err(Refusal::for_now(Outcome::BodyTooSlow, message, COME_BACK_AFTER))
    });
    read.map(|bytes| (bytes, incoming.finish()))
}

/// The memory of a body that is coming in. Dropped before its end, it is charged: also when the sender hangs up.
struct Incoming<'i> {
    intake: &'i Intake,
    gateway: &'i Gateway,
    share: Share,
    /// The same, of what may be held at the sender's pace.
    reading: Hold,
    /// Of the head of the request.
    head: usize,
    is_charged: bool,
}

impl<'i> Incoming<'i> {
    /// Takes memory for the head of the request.
    fn begin(intake: &'i Intake, gateway: &'i Gateway, headers: &HeaderMap) -> Result<Self, Refusal> {
        let share = Share::of(&intake.budget, &gateway.school.memory);
        let head = headers.iter().map(|(name, value)| name.as_str().len() + value.len() + OF_A_HEADER).sum();
        let mut incoming = Self { intake, gateway, share, reading: Hold::of(&gateway.school.reading), head, is_charged: true };
        incoming.hold(0)?;
        Ok(incoming)
    }

    /// Takes what is missing to so many bytes of the body.
    fn hold(&mut self, bytes: usize) -> Result<(), Refusal> {
        let all = self.head + bytes;
        let is_there = self.reading.grow_to(all);
        let grown = if is_there { self.share.grow_to(all) } else { Err(Exhausted::School) };
        grown.map_err(|exhausted| {
            // That others fill the memory of all is not this sender's fault.
            self.is_charged = exhausted == Exhausted::School;
            self.intake.no_memory(self.gateway, exhausted)
        })
    }

    fn finish(mut self) -> Share {
        self.is_charged = false;
        let nothing = Share::of(&self.intake.budget, &self.gateway.school.memory);
        std::mem::replace(&mut self.share, nothing)
    }
}

impl Drop for Incoming<'_> {
    fn drop(&mut self) {
        if self.is_charged {
            self.intake.charge_unfinished(self.gateway, self.share.bytes().max(LEAST_CHARGE));
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
    surface: Surface,
    declared: Option<usize>,
}

impl Reader<'_> {
    async fn read<B>(&self, mut body: Pin<&mut B>, memory: &mut Incoming<'_>) -> Result<Bytes, Refusal>
    where
        B: Body<Data = Bytes>,
    {
        let Some(first) = self.next_chunk(&mut body).await? else { return Ok(Bytes::new()) };
        let expected = self.expected(&first)?;
        memory.hold(first.len())?;
        if body.is_end_stream() {
            return Ok(first);
        }
        // Over HTTP/2 the end may come in a frame of its own: then nothing needs to be copied.
        let Some(second) = self.next_chunk(&mut body).await? else { return Ok(first) };

        let mut whole = Vec::new();
        self.add(&mut whole, first, expected, memory)?;
        self.add(&mut whole, second, expected, memory)?;
        while let Some(chunk) = self.next_chunk(&mut body).await? {
            self.add(&mut whole, chunk, expected, memory)?;
        }
        Ok(Bytes::from(whole))
    }

    fn add(&self, whole: &mut Vec<u8>, chunk: Bytes, expected: usize, memory: &mut Incoming<'_>) -> Result<(), Refusal> {
        let length = whole.len() + chunk.len();
        if length > self.intake.max_request_bytes {
            return Err(self.too_large());
        }
        if length > whole.capacity() {
            let room = capacity(length, expected).min(self.intake.max_request_bytes);
            memory.hold(room)?;
            whole.reserve_exact(room - whole.len());
        }
        whole.extend_from_slice(&chunk);
        Ok(())
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

/// Room for so many bytes that have come, and for some of those that are expected; where nothing is known, for some more.
fn capacity(arrived: usize, expected: usize) -> usize {
    let ahead = (2 * arrived).max(ROOM);
    if expected > arrived { expected.min(ahead) } else { ahead }
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
