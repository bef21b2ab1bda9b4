//! Every topic of the platform: one table, used to create them, to size them and to document them.

use std::{fmt, time::Duration};

/// A topic. Names end in the version of their value's shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, strum::VariantArray)]
pub enum Topic {
    /// Current state of each school: `schildwacht.identity.v1.OrganisationState`, key = school id.
    Organisation,
    /// Which gateways may post: `schildwacht.identity.v1.GatewayDirectoryEntry`, key = gateway id.
    Gateway,
    /// Who holds which function: `schildwacht.identity.v1.PersonFunctions`, key = person id.
    Function,
    /// Which people are erased: `schildwacht.identity.v1.PersonErased`, key = person id; a tombstone when identity knows the person again.
    Erasure,
    /// What sensors sent, as it came; key = school id. Headers say media type, content encoding and count.
    TelemetryBatch,
    /// Alerts opened or grown: `schildwacht.network_monitor.v1.AlertEvent`, key = school id.
    Alert,
    /// Cases after a change: `schildwacht.incident_intake.v1.CaseEvent`, key = case id.
    Case,
    /// What services signed about their audit chains (`storage::audit`), key = series. Nobody may delete from it: see docs/security/audit.md.
    AuditCheckpoint,
    /// Free for tests, five partitions, small records.
    TestPlain,
    /// Free for tests, compacted.
    TestCompacted,
}

/// What is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cleanup {
    /// The last record of each key, for ever.
    Compact,
    /// Everything younger than this, up to so many bytes a partition.
    Retain {
        /// At least this long, unless `max_bytes` is reached.
        age: Duration,
        /// At most this much a partition.
        max_bytes: u64,
    },
}

/// How a topic is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TopicSpec {
    /// The name on the wire.
    pub name: &'static str,
    /// Partitions in Kafka: the most consumers that can share the work.
    pub partitions: i32,
    /// Partitions in the embedded log, where one process does all the work.
    pub embedded_partitions: i32,
    /// What is kept.
    pub cleanup: Cleanup,
    /// Largest record (key, headers and value) in bytes; well under the broker's own limit.
    pub max_record_bytes: usize,
}

/// A segment of a topic with retention is closed after this fraction of the age, so that quiet topics forget in time too: only closed segments
/// are deleted.
pub(crate) const SEGMENTS_AN_AGE: u32 = 8;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const GIB: u64 = 1024 * 1024 * 1024;
const STATE_RECORD: usize = 256 * 1024;
/// What brokers take of a batch by default is 1 MiB and 12 bytes; this leaves room for the batch itself.
const LARGE_RECORD: usize = 1_000_000;

impl Topic {
    /// Every topic, also those of tests.
    pub const EVERY: &[Self] = <Self as strum::VariantArray>::VARIANTS;

    /// Topics for tests.
    pub const TEST: [Self; 2] = [Self::TestPlain, Self::TestCompacted];

    /// All topics of the product: each one that is not in [`Topic::TEST`].
    pub fn all() -> Vec<Self> {
        Self::EVERY.iter().copied().filter(|topic| !Self::TEST.contains(topic)).collect()
    }

    /// The table.
    pub const fn spec(self) -> TopicSpec {
        let (name, partitions, embedded_partitions, cleanup, max_record_bytes) = match self {
            Self::Organisation => ("identity.organisation.v1", 6, 1, Cleanup::Compact, STATE_RECORD),
            Self::Gateway => ("identity.gateway.v1", 6, 1, Cleanup::Compact, STATE_RECORD),
            Self::Function => ("identity.function.v1", 6, 1, Cleanup::Compact, STATE_RECORD),
            Self::Erasure => ("identity.erasure.v1", 6, 1, Cleanup::Compact, STATE_RECORD),
            Self::TelemetryBatch => {
                ("telemetry.batch.v1", 48, 4, Cleanup::Retain { age: DAY.saturating_mul(7), max_bytes: 8 * GIB }, LARGE_RECORD)
            }
            Self::Alert => ("monitor.alert.v1", 24, 2, Cleanup::Retain { age: DAY.saturating_mul(30), max_bytes: 2 * GIB }, STATE_RECORD),
            Self::Case => ("incident.case.v1", 12, 2, Cleanup::Retain { age: DAY.saturating_mul(90), max_bytes: 2 * GIB }, STATE_RECORD),
            // One partition: a series is read in order. As long as audit rows may matter in court (ten years, old Civil Code art. 2262bis).
            Self::AuditCheckpoint => {
                ("audit.checkpoint.v1", 1, 1, Cleanup::Retain { age: DAY.saturating_mul(3_653), max_bytes: 32 * GIB }, LARGE_RECORD)
            }
            Self::TestPlain => ("test.plain.v1", 5, 5, Cleanup::Retain { age: DAY, max_bytes: GIB }, LARGE_RECORD),
            Self::TestCompacted => ("test.compacted.v1", 2, 2, Cleanup::Compact, STATE_RECORD),
        };
        TopicSpec { name, partitions, embedded_partitions, cleanup, max_record_bytes }
    }

    /// For how long a record may be delivered: its age, and that of the segment it is in, because only whole segments are deleted. `None` for a
    /// compacted topic, which keeps the last record of each key for ever.
    pub fn longest_kept(self) -> Option<Duration> {
        match self.spec().cleanup {
            Cleanup::Compact => None,
            Cleanup::Retain { age, .. } => Some(age + age / SEGMENTS_AN_AGE),
        }
    }

    /// The topic of this name on the wire.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::EVERY.iter().copied().find(|topic| topic.spec().name == name)
    }
}

impl fmt::Display for Topic {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.spec().name)
    }
}
