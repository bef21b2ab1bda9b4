//! What the events of others lead to here: `telemetry.batch.v1`, what a school's sensors sent, as it came; `identity.erasure.v1`, who is erased.
//!
//! A batch that cannot be read at all goes to the dead letters as it is. Of a batch that can, the events that cannot go there
//! together, one letter for each reason, as a batch that can be read again: a school whose shipper went wrong fills no
//! database with a letter a line. Where these letters would take more than a record does, the record itself goes there instead;
//! what of it was processed before is known again when it is replayed.

use std::{collections::BTreeMap, str::FromStr};

use auth::Context;
use bytes::Bytes;
use chrono::{DateTime, Utc};
use events::{Delivered, Envelope, HandleError, Handler, Record, Rejected, Topic};
use proto::telemetry::{ENCODING, GATEWAY, MEDIA_TYPE, RECEIVED, REFUSED, SCHOOL};
use runtime::{GatewayId, SchoolId, telemetry};
use storage::Txn;

use crate::{
    app::{App, Gathered, erase_person, record_batch},
    wire::{self, RawBatch, Reading, Unreadable},
};

/// The letters about a record take no more than this; beyond it the record as it came, compressed, is the smaller letter.
const MOST_LETTER_BYTES: usize = 1024 * 1024;

/// What this service reads as a group.
pub const CONSUMED: &[Topic] = &[Topic::TelemetryBatch, Topic::Erasure];

/// Takes events of others in.
#[derive(Debug)]
pub struct Inbound {
    app: App,
    cx: Context,
    max_decoded_bytes: usize,
    max_events: usize,
}

impl Inbound {
    /// Acts as the service itself: `cx` is its own. A batch is at most `max_decoded_bytes` after decompression; a transaction ends after the
    /// batch that passes `max_events`.
    pub fn new(app: App, cx: Context, max_decoded_bytes: usize, max_events: usize) -> Self {
        Self { app, cx, max_decoded_bytes, max_events }
    }
}

impl Handler for Inbound {
    type Batch = Gathered;

    fn read(&self, gathered: &mut Gathered, delivered: &Delivered) -> Result<Vec<Rejected>, HandleError> {
        if delivered.position.topic == Topic::Erasure {
            return Ok(Vec::new());
        }
        let record = &delivered.record;
        let school: SchoolId = required(record, SCHOOL)?;
        is_keyed_by(record, school)?;
        let gateway: Option<GatewayId> = record.header(GATEWAY).and_then(|id| id.parse().ok());
        let received: DateTime<Utc> = record.header(RECEIVED).and_then(|time| time.parse().ok()).unwrap_or(delivered.time);
        let batch = RawBatch {
            media_type: record.header(MEDIA_TYPE).unwrap_or_default(),
            content_encoding: record.header(ENCODING).unwrap_or_default(),
            body: record.value.clone().unwrap_or_default(),
            received,
            limit: self.max_decoded_bytes,
        };
        let trace = telemetry::current_trace_headers().into_iter().collect();
        if record.header(REFUSED).is_some() {
            gathered.refused(school, received, trace, required(record, REFUSED)?);
            return Ok(Vec::new());
        }
        let mut events = gathered.record(school, gateway, received, trace);
        let mut letters = Letters::default();
        wire::read(&batch, &mut |reading| match reading {
            Reading::Understood(said) => events.understood(said.source.into_str(), said.sightings.into_iter().flatten(), said.detection),
            Reading::Unused(kind) => events.unused(kind),
            Reading::Unreadable(unreadable) => {
                events.unreadable(unreadable.reason.as_str());
                letters.add(&unreadable);
            }
        })
        .map_err(|error| HandleError::poison(error.reason(), error))?;
        Ok(letters.into_rejected(record))
    }

    fn is_full(&self, gathered: &Gathered) -> bool {
        gathered.events() >= self.max_events
    }

    async fn handle(&self, txn: &Txn, _gathered: &mut Gathered, delivered: &Delivered) -> Result<Vec<Rejected>, HandleError> {
        if delivered.position.topic == Topic::Erasure {
            let envelope = Envelope::from_record(&delivered.record)?;
            service::hear_of_erasure(&self.cx, txn, &envelope, |cx, txn, person| Box::pin(erase_person(cx, txn, person))).await?;
        }
        Ok(Vec::new())
    }

    async fn finish(&self, txn: &Txn, gathered: &mut Gathered) -> Result<(), HandleError> {
        Ok(record_batch(&self.app, &self.cx, txn, gathered).await?)
    }

    async fn letters_gave_way(&self, txn: &Txn, key: &[u8], letters: u64) -> Result<(), HandleError> {
        // Under another key nobody can say whose they were.
        let school = std::str::from_utf8(key).ok().and_then(|key| key.parse::<SchoolId>().ok());
        let Some(school) = school else { return Ok(()) };
        let mut gathered = Gathered::default();
        gathered.letters_gave_way(school, self.cx.clock.now(), usize::try_from(letters).unwrap_or(usize::MAX));
        Ok(record_batch(&self.app, &self.cx, txn, &mut gathered).await?)
    }

    fn committed(&self, gathered: Gathered) {
        self.app.metrics().add(gathered.into_tally());
    }
}

/// telemetry-ingest writes the school twice. A record on which the two differ comes from somebody else who may write to the topic, or is
/// damaged; nobody can say whose it is, so it becomes nobody's device or alert.
fn is_keyed_by(record: &Record, school: SchoolId) -> Result<(), HandleError> {
    if record.key.as_ref() == school.to_string().as_bytes() {
        return Ok(());
    }
    Err(HandleError::poison("header_and_key_differ", format!("{SCHOOL} names another school than the record's key")))
}

fn required<T: FromStr>(record: &Record, header: &'static str) -> Result<T, HandleError> {
    let value = record.header(header).and_then(|text| text.parse().ok());
    value.ok_or_else(|| HandleError::poison("header_unreadable", format!("{header} is missing or not as it should be")))
}

/// The events of one record that cannot be read, by reason and format.
#[derive(Debug, Default)]
struct Letters {
    letters: BTreeMap<(&'static str, &'static str), Letter>,
    bytes: usize,
}

#[derive(Debug)]
struct Letter {
    events: u64,
    first_detail: String,
    body: Vec<u8>,
}

impl Letters {
    fn add(&mut self, unreadable: &Unreadable<'_>) {
        let Some(media_type) = unreadable.original.media_type() else { return };
        let new = || Letter { events: 0, first_detail: unreadable.detail.clone(), body: Vec::new() };
        let letter = self.letters.entry((unreadable.reason.as_str(), media_type)).or_insert_with(new);
        letter.events += 1;
        if self.bytes <= MOST_LETTER_BYTES {
            let before = letter.body.len();
            unreadable.original.append_to(&mut letter.body);
            self.bytes += letter.body.len() - before;
        }
    }

    fn into_rejected(self, record: &Record) -> Vec<Rejected> {
        let Self { letters, bytes } = self;
        if bytes > MOST_LETTER_BYTES {
            let most = letters.into_iter().max_by_key(|(_, letter)| letter.events);
            let whole = most.map(|((reason, _), letter)| {
                let detail = format!("{}; kept with all of its request", letter.detail());
                Rejected { record: record.clone(), reason, detail }
            });
            return whole.into_iter().collect();
        }
        let kept_headers = [SCHOOL, GATEWAY, RECEIVED, "traceparent", "tracestate"];
        let headers: Vec<(String, Bytes)> =
            record.headers.iter().filter(|(name, _)| kept_headers.contains(&name.as_str())).cloned().collect();
        let rejected = letters.into_iter().map(|((reason, media_type), letter)| {
            let mut headers = headers.clone();
            headers.push((MEDIA_TYPE.to_owned(), Bytes::from_static(media_type.as_bytes())));
            let detail = letter.detail();
            Rejected { record: Record { key: record.key.clone(), headers, value: Some(letter.body.into()) }, reason, detail }
        });
        rejected.collect()
    }
}

impl Letter {
    fn detail(&self) -> String {
        let first = if self.first_detail.is_empty() { String::new() } else { format!("; the first: {}", self.first_detail) };
        format!("events: {}{first}", self.events)
    }
}
