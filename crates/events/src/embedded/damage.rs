//! Damaged records: kept in a file beside their segment, so that an operator still has them, while the log goes on without.

use std::{
    path::{Path, PathBuf},
    sync::Mutex,
};

use opentelemetry::KeyValue;
use tracing::error;

use super::{disk, lock::lock};
use crate::log::LogError;

/// Ends the names of files that hold damaged records.
pub(super) const SUFFIX: &str = ".damaged";

/// Several readers may come upon the same damage at once.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

/// Bytes of a segment that are no records any more.
#[derive(Debug, Clone, Copy)]
pub(super) struct Damage<'b> {
    /// The partition's label.
    pub partition: &'b str,
    /// The segment's file.
    pub segment: &'b Path,
    /// Where in it they begin.
    pub position: u64,
    pub bytes: &'b [u8],
    /// What is wrong there.
    pub reason: &'static str,
}

impl Damage<'_> {
    /// Keeps them, counts and says it.
    pub(super) fn set_aside(&self) -> Result<(), LogError> {
        let Self { partition, segment, position, bytes, reason } = *self;
        let kept = aside(segment, position);
        disk::replace(kept.clone(), bytes)?;
        let meter = opentelemetry::global::meter("schildwacht.events");
        let counter = meter.u64_counter("event_log.damaged").with_description("damaged groups of records that were set aside").build();
        counter.add(1, &[KeyValue::new("partition", partition.to_owned())]);
        error!(
            name: "event_log.damage_set_aside", file = %segment.display(), position, bytes = bytes.len(), reason, kept = %kept.display(),
            "records were damaged after they were written and may have been acknowledged; they are kept, and the log goes on without"
        );
        Ok(())
    }

    /// The same, unless it was done before.
    pub(super) fn set_aside_once(&self) -> Result<(), LogError> {
        let _guard = lock(&ONE_AT_A_TIME);
        if aside(self.segment, self.position).exists() { Ok(()) } else { self.set_aside() }
    }
}

/// Where damaged bytes that stood at `position` are kept.
pub(super) fn aside(segment: &Path, position: u64) -> PathBuf {
    let mut name = segment.as_os_str().to_owned();
    name.push(format!(".{position}{SUFFIX}"));
    PathBuf::from(name)
}
