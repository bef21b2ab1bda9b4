//! What the pages show, as the portal's own values.
//!
//! The services' messages are read here and nowhere else: a template, an export or a test never meets a protobuf type. A
//! message that lacks what a page cannot do without is [`Unreadable`], which the reader is told as "the service gave an
//! answer we do not understand", not as a page with holes.

mod alert;
mod case;
mod clock;
mod device;
mod evidence;
mod gateway;
mod listed_case;
mod queue;
mod school;
mod timeline;

use chrono::{DateTime, Utc};
use prost_types::Timestamp;

pub(crate) use self::{
    alert::{Alert, Meaning},
    case::{Bilingual, Case, CloseReason, Closing, Person, Phase, Severity, Tlp},
    clock::{Standing, Target},
    device::{Device, DeviceSummary, Sourced},
    evidence::{Evidence, Place},
    gateway::{Contact, Contacts, Gateway, GatewayState, SILENT_AFTER},
    listed_case::{CaseDevices, ListedCase},
    queue::QueueSummary,
    school::School,
    timeline::{Happening, Threshold, TimelineEntry},
};

/// A service's answer lacks something, or holds a value this release does not know.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0} is missing or unknown in the service's answer")]
pub struct Unreadable(pub &'static str);

fn required_moment(at: Option<Timestamp>, field: &'static str) -> Result<DateTime<Utc>, Unreadable> {
    moment(at).ok_or(Unreadable(field))
}

pub(crate) fn moment(at: Option<Timestamp>) -> Option<DateTime<Utc>> {
    at.and_then(proto::time::moment)
}

fn required_text(text: String, field: &'static str) -> Result<String, Unreadable> {
    if text.is_empty() { Err(Unreadable(field)) } else { Ok(text) }
}

fn given(text: String) -> Option<String> {
    (!text.is_empty()).then_some(text)
}
