//! What holds of any bytes, for each of the six shapes in which events come. The tests beside this file try made-up bodies that were
//! changed; the fuzz targets (`fuzz/`), which share this file, try whatever reaches more of the code.

use bytes::Bytes;
use network_monitor::wire::{self, BatchError, RawBatch, Reading};
use telemetry_ingest::scan::{Encoding, Format, Limits, ScanError, Upload};

use super::Events;

const LIMITS: Limits = Limits { max_decoded_bytes: 1 << 20, max_event_bytes: 1 << 16, max_events: 10_000, max_body_bytes: 1 << 19 };

const EVE: &str = r#"{"timestamp":"2026-09-24T09:49:00.000001+0000","event_type":"flow","src_ip":"10.0.0.5","dest_ip":"10.0.0.9"}"#;
const ZEEK: &str = r#"{"_path":"known_hosts","ts":1790243340.5,"host":"10.0.0.5"}"#;

pub fn otlp_protobuf(bytes: &[u8]) {
    holds(Format::OtlpProtobuf, bytes);
    let neighbour = field(5, &field(1, EVE.as_bytes()));
    protobuf_record_costs_no_neighbour(&[neighbour.clone(), bytes.to_vec(), neighbour]);
}

pub fn otlp_json(bytes: &[u8]) {
    holds(Format::OtlpJson, bytes);
    holds(Format::JsonLines, bytes);
    let record = |text: &[u8]| [b"{\"body\":{\"stringValue\":\"", text, b"\"}}"].concat();
    let neighbour = record(EVE.replace('"', "\\\"").as_bytes());
    json_record_costs_no_neighbour(&[neighbour.clone(), record(&without_marks(bytes)), neighbour]);
}

pub fn eve(bytes: &[u8]) {
    holds(Format::JsonLines, bytes);
    line_costs_no_neighbour(&[EVE], bytes, &[EVE]);
}

pub fn zeek(bytes: &[u8]) {
    holds(Format::JsonLines, bytes);
    line_costs_no_neighbour(&[ZEEK], bytes, &[ZEEK]);
}

pub fn arrays(bytes: &[u8]) {
    holds(Format::Json, bytes);
    holds(Format::OtlpJson, bytes);
    let body = [b"[", EVE.as_bytes(), b",", without_marks(bytes).as_slice(), b",", ZEEK.as_bytes(), b"]"].concat();
    let account = account(Format::Json, &body).unwrap();
    assert!(account.understood >= 2, "an element costs its neighbours: {account:?} of {}", String::from_utf8_lossy(&body));
}

pub fn lines(bytes: &[u8]) {
    holds(Format::JsonLines, bytes);
    line_costs_no_neighbour(&[EVE, ZEEK], bytes, &[ZEEK, EVE]);
}

/// A line between others, whatever is in it and where it breaks off.
pub fn line_costs_no_neighbour<E: AsRef<str>>(before: &[E], line: &[u8], after: &[E]) {
    let neighbours = before.len() + after.len();
    let lines = |events: &[E]| events.iter().map(|event| format!("{}\n", event.as_ref())).collect::<String>();
    let body = [lines(before).as_bytes(), line, b"\n", lines(after).as_bytes()].concat();
    let account = account(Format::JsonLines, &body).unwrap();
    assert!(account.understood as usize >= neighbours, "a line costs its neighbours: {account:?} of {}", String::from_utf8_lossy(&body));
}

/// A log record among others, whatever is in it.
pub fn protobuf_record_costs_no_neighbour(records: &[Vec<u8>]) {
    let scope: Vec<u8> = records.iter().flat_map(|record| field(2, record)).collect();
    // One of them may be no record any more.
    record_costs_no_neighbour(Format::OtlpProtobuf, &field(1, &field(2, &scope)), records.len(), 1);
}

/// A log record among others, whatever is in it, as long as it ends where it ends.
pub fn json_record_costs_no_neighbour(records: &[Vec<u8>]) {
    let body = [b"{\"resourceLogs\":[{\"scopeLogs\":[{\"logRecords\":[", records.join(&b',').as_slice(), b"]}]}]}"].concat();
    record_costs_no_neighbour(Format::OtlpJson, &body, records.len(), 0);
}

fn record_costs_no_neighbour(format: Format, body: &[u8], records: usize, most_rejected: u32) {
    let account = account(format, body).unwrap();
    let is_counted = (account.accepted + account.rejected) as usize == records && account.rejected <= most_rejected;
    assert!(is_counted && account.understood as usize >= records - 1, "{account:?} of {}", String::from_utf8_lossy(body));
}

fn holds(format: Format, body: &[u8]) {
    let _either_way = events_of(body);
    let Ok(account) = account(format, body) else { return };
    let shown = || format!("{format:?}, {account:?} of {:?}", String::from_utf8_lossy(body));
    assert!(account.found() >= account.accepted, "an accepted event has no outcome: {}", shown());
    assert!(account.read_again, "a dead letter is nothing when it is read again: {}", shown());
    if account.accepted + account.rejected == 0 {
        let may_be_empty = matches!(format, Format::OtlpProtobuf | Format::OtlpJson) || !body.contains(&b'{');
        assert!(may_be_empty, "a success with nothing found: {}", shown());
    }
}

/// What became of a body's events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Account {
    /// By telemetry-ingest.
    pub accepted: u32,
    pub rejected: u32,
    /// By network-monitor, of those that were accepted.
    pub understood: u32,
    pub unreadable: u32,
    /// Whether every dead letter has an outcome again.
    pub read_again: bool,
}

impl Default for Account {
    fn default() -> Self {
        Self { accepted: 0, rejected: 0, understood: 0, unreadable: 0, read_again: true }
    }
}

impl Account {
    pub const fn found(&self) -> u32 {
        self.understood + self.unreadable
    }
}

/// Takes a body in as the two services do.
pub fn account(format: Format, body: &[u8]) -> Result<Account, ScanError> {
    let mut upload = Upload { format, encoding: Encoding::Identity, bytes: Bytes::copy_from_slice(body) };
    let examined = upload.examine(&LIMITS);
    upload.format = examined.format;
    let tally = examined.found?;
    let mut account = Account { accepted: tally.good, rejected: tally.bad(), ..Account::default() };
    let stored: Vec<(Format, Bytes)> = if upload.needs_cutting(&tally, &LIMITS) {
        let cut = upload.cut(&LIMITS)?;
        assert_eq!(cut.tally, tally, "cutting counts the same");
        cut.pieces.into_iter().map(|piece| (upload.format.of_pieces(), piece.bytes)).collect()
    } else if tally.good > 0 {
        vec![(upload.format, upload.bytes)]
    } else {
        Vec::new()
    };
    let written: usize = stored.iter().map(|(_, body)| body.len()).sum();
    assert!(written <= LIMITS.max_written_bytes(body.len()), "{written} bytes are written of {}", body.len());
    for (format, body) in stored {
        let mut letters = Vec::new();
        let whole = read(format.media_type(), body, &mut |reading| match reading {
            Reading::Understood(_) | Reading::Unused(_) => account.understood += 1,
            Reading::Unreadable(unreadable) => {
                account.unreadable += 1;
                let mut letter = Vec::new();
                unreadable.original.append_to(&mut letter);
                letters.extend(unreadable.original.media_type().map(|media_type| (media_type, letter)));
            }
        });
        if whole.is_err() {
            // The whole batch is a dead letter.
            account.unreadable = account.accepted;
        }
        for (media_type, letter) in letters {
            let mut outcomes = 0;
            account.read_again &= read(media_type, letter.into(), &mut |_| outcomes += 1).is_err() || outcomes > 0;
        }
    }
    Ok(account)
}

fn read(media_type: &str, body: Bytes, each: &mut dyn FnMut(Reading<'_>)) -> Result<(), BatchError> {
    let received = "2026-09-24T09:50:00Z".parse().unwrap();
    wire::read(&RawBatch { media_type, content_encoding: "", body, received, limit: LIMITS.max_decoded_bytes }, each)
}

/// What `send` makes of a file; `None` when it is no file of events, or breaks off.
pub fn events_of(file: &[u8]) -> Option<Vec<Vec<u8>>> {
    let mut events = Events::read(file).ok()?;
    let mut found = Vec::new();
    while let Some(event) = events.next_event().ok()? {
        found.push(event.to_vec());
    }
    Some(found)
}

/// A field of protobuf that holds bytes.
fn field(number: u8, content: &[u8]) -> Vec<u8> {
    let mut field = vec![number << 3 | 2];
    prost::encoding::encode_varint(content.len() as u64, &mut field);
    field.extend_from_slice(content);
    field
}

/// Without what begins or ends a text, an object or an array.
fn without_marks(bytes: &[u8]) -> Vec<u8> {
    let is_mark = |byte: &u8| matches!(byte, b'"' | b'\\' | b'{' | b'}' | b'[' | b']');
    bytes.iter().copied().filter(|byte| !is_mark(byte)).collect()
}
