//! Reading what sensors sent, in the many spellings in which it comes.
//!
//! ```text
//! batch bytes ─ decode ─► OTLP records or JSON lines ─ text, record ─► Fields ─ suricata, zeek ─► Reading
//! ```
//!
//! [`decode`] undoes the compression under a cap. [`otlp`] and [`lines`] cut the batch into records. [`text`] finds the JSON
//! in a line and looks through what shippers wrapped around it. [`fields`] holds the few members we use of an event,
//! whatever their spelling; everything else is skipped without being built. [`suricata`] and [`zeek`] say what it means.
//!
//! Every record ends as exactly one [`Reading`] (an array of events as one each).

pub mod batch;
pub mod decode;
mod envelope;
mod fields;
mod lines;
mod mend;
mod nested;
mod otlp;
mod reading;
mod recognise;
mod record;
mod scalar;
mod suricata;
mod surroundings;
mod text;
mod time;
mod told;
mod zeek;
mod zeek_logs;

pub use batch::{RawBatch, read};
pub use reading::{BatchError, Original, Reading, Reason, Understood, Unreadable};
