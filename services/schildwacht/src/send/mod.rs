//! `schildwacht send`: posts a file of events the way a school's gateway would.
//!
//! ```text
//! file ─▶ source (gzip, zstd or plain; UTF-8 or UTF-16) ─▶ split (lines, array or values) ─▶ batch ─▶ deliver (token, compression, retries)
//! ```
//!
//! Events go out as they stand in the file; only white space between the parts of a pretty-printed event is left out, since
//! an event is one line. Every event ends in one line of the summary; so does a file that breaks off (a download that was cut
//! short, bytes that are no events): what came before is sent, and the summary says that there was more.

mod backoff;
mod batch;
mod deliver;
mod options;
mod progress;
mod report;
mod source;
mod split;
#[cfg(test)]
mod tests;
mod utf16;

use std::pin::pin;

use anyhow::{Context as _, Result};
use auth::ClientCredentials;
use futures::stream::{FuturesUnordered, StreamExt as _};
use runtime::{Clock, tasks::stop_signal};
use tokio::{
    sync::mpsc,
    time::{Instant, interval_at},
};

pub use batch::{Batch, Encoding, Limits, Protocol};
pub use deliver::{Fate, Sender};
pub use options::SendOptions;
pub use report::Summary;
pub use split::Events;

use progress::{EVERY, Progress};
use source::{Position, Source};

/// Sends a file and says what became of its events; also when it is told to stop on the way.
pub async fn send(options: &SendOptions, credentials: ClientCredentials, clock: Clock) -> Result<Summary> {
    let source = Source::open(&options.file).with_context(|| format!("cannot read {}", options.file.display()))?;
    let (progress, position) = (Progress::new(&source, options.json), source.position());
    let sender = Sender::new(&options.system.at, options.protocol, options.encoding, options.retries, credentials, clock.clone())?;
    let events = Events::read(source).with_context(|| format!("cannot use {}", options.file.display()))?;
    let mut parts = read_ahead(events, position, Limits { events: options.batch.get(), ..Limits::default() });
    let mut summary = Summary::begin(&options.file, clock.now());
    let mut under_way = FuturesUnordered::new();
    let (mut is_read, mut too_long) = (false, 0);
    let mut told_to_stop = pin!(stop_signal());
    let mut still_sending = interval_at(Instant::now() + EVERY, EVERY);
    while !is_read || !under_way.is_empty() {
        let has_room = under_way.len() < options.in_flight.get();
        tokio::select! {
            biased;
            signal = &mut told_to_stop => {
                signal.context("signals cannot be listened to")?;
                summary.stop(is_read);
                break;
            }
            Some((delivery, bytes)) = under_way.next() => {
                summary.settle(&delivery);
                progress.settled(&delivery.fate, bytes, &summary);
            }
            part = parts.recv(), if has_room && !is_read => {
                let Some(Part { batch, broke_off, too_long: so_far, bytes, is_last }) = part else {
                    summary.break_off("the rest could not be read".to_owned());
                    is_read = true;
                    continue;
                };
                (is_read, too_long) = (is_last, so_far);
                if let Some(why) = broke_off {
                    summary.break_off(why);
                }
                if !batch.is_empty() {
                    summary.read(&batch);
                    let delivering = sender.deliver_and_tell(batch, |why| progress.trouble(why));
                    under_way.push(async move { (delivering.await, bytes) });
                }
            }
            _ = still_sending.tick() => progress.still_sending(&summary),
        }
    }
    progress.end();
    summary.end(too_long, clock.now());
    Ok(summary)
}

/// What was read of a file in one go.
struct Part {
    batch: Batch,
    /// Why nothing comes after it, where there is more.
    broke_off: Option<String>,
    /// Events too long to be sent, so far.
    too_long: u64,
    /// Of the file, compressed as it is.
    bytes: u64,
    is_last: bool,
}

/// Reads one part ahead. On a thread that nobody awaits: standard input may be silent for ever, and Ctrl-C must work all the same.
fn read_ahead(mut events: Events<Source>, position: Position, limits: Limits) -> mpsc::Receiver<Part> {
    let (parts, receiver) = mpsc::channel(1);
    std::thread::spawn(move || {
        let mut so_far = 0;
        loop {
            let (batch, read) = Batch::fill(&mut events, &limits);
            let is_last = read.is_err() || batch.is_empty();
            let broke_off = read.err().map(|error| format!("{:#}", anyhow::Error::new(error)));
            let bytes = position.get() - so_far;
            so_far += bytes;
            let part = Part { batch, broke_off, too_long: events.too_long(), bytes, is_last };
            if parts.blocking_send(part).is_err() || is_last {
                return;
            }
        }
    });
    receiver
}
