//! Where the log records of an OTLP request in JSON are, and what stands between events: said once, for telemetry-ingest, which counts and cuts, and for
//! network-monitor, which reads. So the one accepts nothing that the other does not find.
//!
//! A request is walked by its brackets, quotes and names, in bytes; nothing is built or copied. What is inside a record is its
//! reader's matter: text that is not UTF-8 or a flaw inside one record costs no neighbour.

mod json;
mod names;

pub use json::{Stopped, Visitor, begins_as_request, end_of_brackets, end_of_string, holds_request, is_between, is_padding, walk};
pub use names::{Beside, Level};
