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
mod report;
mod source;
mod split;
#[cfg(test)]
mod tests;
mod utf16;

use std::io::IsTerminal as _;

use anyhow::{Context as _, Result};
use auth::ClientCredentials;
use futures::stream::{FuturesUnordered, StreamExt as _};
use indicatif::{ProgressBar, ProgressStyle};
use runtime::Clock;

pub use batch::{Batch, Encoding, Limits, Protocol};
pub use deliver::{Fate, Sender};
pub use options::SendOptions;
pub use report::Summary;

use source::Source;
use split::Events;

/// Sends a file and says what became of its events.
pub async fn send(options: &SendOptions, credentials: ClientCredentials, clock: Clock) -> Result<Summary> {
    let source = Source::open(&options.file).with_context(|| format!("cannot read {}", options.file.display()))?;
    let progress = progress(&source, options.json);
    let position = source.position();
    let sender = Sender::new(&options.at, options.protocol, options.encoding, options.retries, credentials, clock.clone())?;
    let mut events = Events::read(source).with_context(|| format!("cannot use {}", options.file.display()))?;
    let limits = Limits { events: options.batch.get(), ..Limits::default() };
    let mut summary = Summary::begin(&options.file, clock.now());
    let mut under_way = FuturesUnordered::new();
    loop {
        let (batch, read) = Batch::fill(&mut events, &limits);
        let is_last = read.is_err() || batch.is_empty();
        if let Err(error) = read {
            summary.break_off(format!("{:#}", anyhow::Error::new(error)));
        }
        if batch.is_empty() {
            break;
        }
        if under_way.len() >= options.in_flight.get()
            && let Some(delivery) = under_way.next().await
        {
            summary.settle(&delivery);
        }
        summary.read(&batch);
        under_way.push(sender.deliver(batch));
        progress.set_position(position.get());
        progress.set_message(format!("{} events accepted", summary.accepted()));
        if is_last {
            break;
        }
    }
    while let Some(delivery) = under_way.next().await {
        summary.settle(&delivery);
        progress.set_message(format!("{} events accepted", summary.accepted()));
    }
    progress.finish_and_clear();
    summary.end(events.too_long(), clock.now());
    Ok(summary)
}

/// A bar over the file's bytes on a terminal, nothing elsewhere.
fn progress(source: &Source, is_for_machines: bool) -> ProgressBar {
    if is_for_machines || !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let (bar, template) = match source.length() {
        Some(length) => (ProgressBar::new(length), "{bar:32} {percent:>3} %  {bytes} of {total_bytes}  {eta} left  {msg}"),
        None => (ProgressBar::new_spinner(), "{spinner} {bytes}  {elapsed}  {msg}"),
    };
    match ProgressStyle::with_template(template) {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}

/// The events of a file, or why it is none or breaks off.
#[cfg(test)]
pub fn events_of(file: &[u8]) -> Result<Vec<Vec<u8>>, split::SplitError> {
    let mut events = Events::read(file)?;
    let mut found = Vec::new();
    while let Some(event) = events.next_event()? {
        found.push(event.to_vec());
    }
    Ok(found)
}
