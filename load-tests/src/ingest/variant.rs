//! What is varied.

use std::fmt;

use clap::ValueEnum;

/// Events in a request.
pub const BATCHES: [usize; 3] = [1, 100, 1_000];

/// Where batches go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub enum Log {
    /// Segment files, acknowledged after a flush to disk.
    Embedded,
    /// librdkafka's mock cluster, acknowledged by all replicas.
    Kafka,
    /// Nowhere: acknowledged at once, to see what all the rest costs.
    Discard,
}

impl Log {
    pub const ALL: [Self; 3] = [Self::Embedded, Self::Kafka, Self::Discard];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Embedded => "embedded",
            Self::Kafka => "kafka",
            Self::Discard => "discard",
        }
    }

    pub const fn title(self) -> &'static str {
        match self {
            Self::Embedded => "into the embedded log, flushed to disk before the answer",
            Self::Kafka => "into Kafka (librdkafka's mock cluster), acks=all",
            Self::Discard => "into nothing, to see what the log costs",
        }
    }
}

/// How requests come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub enum Surface {
    OtlpHttp,
    OtlpGrpc,
    /// `/v1/events`, on the same port as OTLP/HTTP.
    Events,
}

impl Surface {
    pub const ALL: [Self; 3] = [Self::OtlpHttp, Self::OtlpGrpc, Self::Events];

    pub const fn name(self) -> &'static str {
        match self {
            Self::OtlpHttp => "OTLP/HTTP",
            Self::OtlpGrpc => "OTLP/gRPC",
            Self::Events => "JSON lines",
        }
    }
}

/// How bodies are compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub enum Encoding {
    Plain,
    Gzip,
    Zstd,
}

impl Encoding {
    pub const ALL: [Self; 3] = [Self::Plain, Self::Gzip, Self::Zstd];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
        }
    }

    /// The name in headers; `None` where nothing is said.
    pub const fn header(self) -> Option<&'static str> {
        match self {
            Self::Plain => None,
            Self::Gzip => Some("gzip"),
            Self::Zstd => Some("zstd"),
        }
    }
}

/// One way to send events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Variant {
    pub log: Log,
    pub surface: Surface,
    pub encoding: Encoding,
    /// Events in a request.
    pub batch: usize,
}

impl Variant {
    /// All on one log.
    pub fn all(log: Log) -> Vec<Self> {
        let mut all = Vec::new();
        for batch in BATCHES {
            for surface in Surface::ALL {
                all.extend(Encoding::ALL.map(|encoding| Self { log, surface, encoding, batch }));
            }
        }
        all
    }

    /// Requests under way at once. Enough that flushes and Kafka's batches are shared as they are under load, and little enough
    /// that neither the disk nor the mock cluster becomes the bottleneck: a librdkafka that must wait spins.
    pub const fn concurrency(self) -> usize {
        match self.batch {
            ..10 => 128,
            10..500 => 32,
            _ => 8,
        }
    }
}

impl fmt::Display for Variant {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {} × {} into {}", self.surface.name(), self.encoding.name(), self.batch, self.log.name())
    }
}
