//! What a check of the audit trail can find.

use std::fmt;

use chrono::{DateTime, SecondsFormat, Utc};

/// A checkpoint, by what names it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
pub struct CheckpointName {
    pub series: String,
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
    /// The chain ends before rows that a checkpoint saw: the end was cut off, or an older copy of the database restored.
    CutOff { rows: i64, seen: i64, checkpoint: CheckpointName },
    /// The chain is gone with its head.
    ChainRemoved { seen: i64, checkpoint: CheckpointName },
    /// A text is not the one whose fingerprint is in the row.
    TextChanged { row: i64, place: &'static str },
    /// The text whose fingerprint is in the row is gone.
    TextMissing { row: i64 },
    /// Nothing outside the database says what was in it.
    NoCheckpoint,
    /// A place holds something that does not even claim to be a checkpoint. It proves nothing, in either way.
    NotACheckpoint { place: String },
    /// What was kept says that it is a checkpoint of this service, and cannot be read.
    CheckpointUnreadable { place: String },
    /// No key that is trusted signed it.
    CheckpointKeyUnknown { place: String },
    /// It is not what was signed.
    CheckpointForged { place: String },
    /// Checkpoints of a series are gone from a place.
    CheckpointsMissing { place: String, series: String, from: u64, to: u64 },
    /// A checkpoint does not follow from the one before it, or its root is not that of its heads.
    CheckpointUnlinked { place: String, checkpoint: CheckpointName },
}

impl Finding {
    /// Whether the audit trail or its checkpoints are not as they were written. What is no checkpoint is only told: else anyone who may add to
    /// a place could make every later check fail.
    pub const fn is_break(&self) -> bool {
        !matches!(self, Self::NotACheckpoint { .. })
    }

    /// The rows that a checkpoint saw and that are not there, or are others.
    pub(super) const fn gone(&self) -> Option<(i64, i64)> {
        match self {
            Self::Rewritten { from, to, .. } => Some((*from, *to)),
            Self::CutOff { rows, seen, .. } => Some((*rows + 1, *seen)),
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
            Self::RowMisplaced { row, written_as } => write!(formatter, "row {row}: was written as row {written_as}; rows were reordered"),
            Self::RowsMissing { from, to } if from == to => write!(formatter, "row {from}: deleted"),
            Self::RowsMissing { from, to } => write!(formatter, "rows {from} to {to}: deleted"),
            Self::RowUnexpected { row } => write!(formatter, "row {row}: added beside the chain"),
            Self::HeadDisagrees { row } => write!(formatter, "row {row}: the head of the chain does not agree with its last row"),
            Self::HeadMissing => formatter.write_str("the head of the chain was deleted"),
            Self::Rewritten { from, to, checkpoint } => {
                write!(formatter, "rows {from} to {to}: rewritten, row {to} is not the one that {checkpoint} saw")
            }
            Self::CutOff { rows, seen, checkpoint } => {
                write!(formatter, "rows {} to {seen}: cut off at the end, {checkpoint} saw them", rows + 1)
            }
            Self::ChainRemoved { seen, checkpoint } => {
                write!(formatter, "rows 1 to {seen}: the whole chain was removed, {checkpoint} saw it")
            }
            Self::TextChanged { row, place } => write!(formatter, "row {row}: the text in {place} is not the one that was written"),
            Self::TextMissing { row } => write!(formatter, "row {row}: the text that was written is gone"),
            Self::NoCheckpoint => formatter.write_str("no checkpoint: nothing outside the database says what was in it"),
            Self::NotACheckpoint { place } => write!(formatter, "{place}: holds something that is no checkpoint; those beside it count"),
            Self::CheckpointUnreadable { place } => write!(formatter, "{place}: holds a checkpoint that cannot be read"),
            Self::CheckpointKeyUnknown { place } => {
                write!(formatter, "{place}: holds a checkpoint signed with a key that is not trusted (audit.trusted_keys)")
            }
            Self::CheckpointForged { place } => write!(formatter, "{place}: holds a checkpoint that was changed after it was signed"),
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
