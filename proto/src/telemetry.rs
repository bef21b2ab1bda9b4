//! Headers of the records of `telemetry.batch.v1`: telemetry-ingest writes them, network-monitor reads them.

/// Id of the school; also the record's key.
pub const SCHOOL: &str = "schildwacht-school";
/// Id of the gateway that posted it.
pub const GATEWAY: &str = "schildwacht-gateway";
/// Number of events in the value.
pub const EVENTS: &str = "schildwacht-events";
/// `application/x-protobuf` or `application/json`: an OTLP `ExportLogsServiceRequest`; `application/x-ndjson`: JSON lines.
pub const MEDIA_TYPE: &str = "content-type";
/// `gzip` or `zstd`; absent: not compressed.
pub const ENCODING: &str = "content-encoding";
/// Time of receipt, RFC 3339 (CloudEvents).
pub const RECEIVED: &str = "ce_time";
/// In a record without a body: so many requests of the school were refused, because it sends more than it may.
pub const REFUSED: &str = "schildwacht-refused-requests";
