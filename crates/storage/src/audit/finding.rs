//! What a check of the audit trail can find.

use std::fmt;

use chrono::{DateTime, SecondsFormat, Utc};
use uuid::Uuid;

/// A checkpoint, by what names it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
pub struct CheckpointName {
    pub series: Uuid,
    /// From 1.
    pub number: u64,
    /// When it was made.
    pub at: DateTime<Utc>,
}

impl fmt::Display for CheckpointName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { series, number, at } = self;
        write!(formatter, "checkpoint {number} of {} (series {series})", at.to_rfc3339_opts(SecondsFormat::Secs, true))
    }
}

/// Something that is not as it was written. Rows are numbered from 1 in their chain.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, strum::IntoStaticStr)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[strum(serialize_all = "snake_case", const_into_str)]
pub enum Finding {
    /// Columns of a row were changed.
    RowChanged { row: i64, columns: Vec<&'static str> },
    /// A row does not follow from the one before it: one of both was rewritten, hash and all.
    RowUnlinked { row: i64 },
    /// A row says that it was written long before a checkpoint after which it was added.
    Backdated { row: i64, checkpoint: CheckpointName },
    /// A row stands where another was written.
    RowMisplaced { row: i64, written_as: i64 },
    /// Rows were deleted.
    RowsMissing { from: i64, to: i64 },
    /// A row that no head knows of.
    RowUnexpected { row: i64 },
    /// The head is not that of the last row.
    HeadDisagrees { row: i64 },
    /// The head was deleted.
    HeadMissing,
    /// Rows are linked and are not those that a checkpoint saw: all from `from` on may have been rewritten.
    Rewritten { from: i64, to: i64, checkpoint: CheckpointName },
    /// The chain ends before a row that a checkpoint saw: the end was cut off, or an older copy of the database restored. Rows from `from` on,
    /// the first that no checkpoint proves, may also have been rewritten.
    CutOff { from: i64, rows: i64, seen: i64, checkpoint: CheckpointName },
    /// The chain is gone with its head.
    ChainRemoved { seen: i64, checkpoint: CheckpointName },
    /// A text is not the one whose fingerprint is in the row.
    TextChanged { row: i64, place: &'static str },
    /// The text whose fingerprint is in the row is gone.
    TextMissing { row: i64 },
    /// Nothing outside the database says what was in it.
    NoCheckpoint,
    /// A place holds records that are no signed note, or do not claim to be a checkpoint. They prove nothing, in either way.
    NotACheckpoint { place: String, records: u64 },
    /// Records that another key signed than those that are trusted.
    CheckpointKeyUnknown { place: String, records: u64 },
    /// Records that name a trusted key, which did not sign what they say.
    CheckpointForged { place: String, records: u64 },
    /// A trusted key signed it, and it cannot be read.
    CheckpointUnreadable { place: String },
    /// Checkpoints of a series are gone from a place.
    CheckpointsMissing { place: String, series: Uuid, from: u64, to: u64 },
    /// A checkpoint does not follow from the one before it, or its root is not that of its heads.
    CheckpointUnlinked { place: String, checkpoint: CheckpointName },
}

impl Finding {
    /// Whether the audit trail or its checkpoints are not as they were written. What no trusted key signed is only told: else anyone who may
    /// add to a place could make every later check fail. A checkpoint that is gone because it was changed is missing in its series.
    pub const fn is_break(&self) -> bool {
        !matches!(self, Self::NotACheckpoint { .. } | Self::CheckpointKeyUnknown { .. } | Self::CheckpointForged { .. })
    }

    /// The rows after the last that is proven, up to the last that a checkpoint saw: they are not there, or may be others.
    pub(super) const fn gone(&self) -> Option<(i64, i64)> {
        match self {
            Self::Rewritten { from, to, .. } => Some((*from, *to)),
            Self::CutOff { from, seen, .. } => Some((*from, *seen)),
            Self::ChainRemoved { seen, .. } => Some((1, *seen)),
            _ => None,
        }
    }

    /// Stable, snake_case.
    pub const fn kind(&self) -> &'static str {
        self.into_str()
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::RowChanged { row, columns } => write!(formatter, "row {row}: changed after it was written: {}", columns.join(", ")),
            Self::RowUnlinked { row } => write!(formatter, "row {row}: does not follow from row {}; one of both was rewritten", row - 1),
            Self::Backdated { row, checkpoint } => write!(formatter, "row {row}: was added after {checkpoint}, and says that it is older"),
            Self::RowMisplaced { row, written_as } => write!(formatter, "row {row}: was written as row {written_as}; rows were reordered"),
            Self::RowsMissing { from, to } if from == to => write!(formatter, "row {from}: deleted"),
            Self::RowsMissing { from, to } => write!(formatter, "rows {from} to {to}: deleted"),
            Self::RowUnexpected { row } => write!(formatter, "row {row}: added beside the chain"),
            Self::HeadDisagrees { row } => write!(formatter, "row {row}: the head of the chain does not agree with its last row"),
            Self::HeadMissing => formatter.write_str("the head of the chain was deleted"),
            Self::Rewritten { from, to, checkpoint } => {
                write!(formatter, "rows {from} to {to}: rewritten, row {to} is not the one that {checkpoint} saw")
            }
            Self::CutOff { from, rows, seen, checkpoint } if *from == rows + 1 => {
                write!(formatter, "rows {from} to {seen}: cut off at the end, {checkpoint} saw row {seen}")
            }
            Self::CutOff { from, rows, seen, checkpoint } => {
                write!(formatter, "rows {from} to {seen}: cut off after row {rows} or rewritten, {checkpoint} saw row {seen}")
            }
            Self::ChainRemoved { seen, checkpoint } => {
                write!(formatter, "rows 1 to {seen}: the whole chain was removed, {checkpoint} saw it")
            }
            Self::TextChanged { row, place } => write!(formatter, "row {row}: the text in {place} is not the one that was written"),
            Self::TextMissing { row } => write!(formatter, "row {row}: the text that was written is gone"),
            Self::NoCheckpoint => formatter.write_str("no checkpoint: nothing outside the database says what was in it"),
            Self::NotACheckpoint { place, records } => {
                write!(formatter, "{place}: holds {records} record(s) that are no checkpoint; those beside them count")
            }
            Self::CheckpointKeyUnknown { place, records } => {
                write!(formatter, "{place}: holds {records} record(s) signed with a key that is not trusted (audit.trusted_keys)")
            }
            Self::CheckpointForged { place, records } => {
                write!(formatter, "{place}: holds {records} record(s) that were changed after they were signed")
            }
            Self::CheckpointUnreadable { place } => write!(formatter, "{place}: holds a checkpoint that cannot be read"),
            Self::CheckpointsMissing { place, series, from, to } if from == to => {
                write!(formatter, "{place}: checkpoint {from} is missing (series {series})")
            }
            Self::CheckpointsMissing { place, series, from, to } => {
                write!(formatter, "{place}: checkpoints {from} to {to} are missing (series {series})")
            }
            Self::CheckpointUnlinked { place, checkpoint } => {
                write!(formatter, "{place}: {checkpoint} does not follow from the one before it")
            }
        }
    }
}
