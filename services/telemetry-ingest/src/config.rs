//! `[telemetry_ingest]` of the configuration.

use std::{net::SocketAddr, time::Duration};

use runtime::config::ConfigError;
use serde::Deserialize;

/// Memory of the largest head of a request: what a listener reads ahead over HTTP/1; over HTTP/2, 16 KiB of header list and what each of its
/// headers takes beside.
const MAX_HEAD_BYTES: usize = 64 * 1024;

/// Settings of this service. Every default stands, with its reason, in the commented file of the binary.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// OTLP/gRPC, usually port 4317.
    pub otlp_grpc_listen: SocketAddr,
    /// OTLP/HTTP, usually port 4318.
    pub otlp_http_listen: SocketAddr,
    /// Threads that serve the OTLP ports; 0: one for each core.
    pub workers: usize,
    /// Largest request body as it comes, in bytes.
    pub max_request_bytes: usize,
    /// Largest request body after decompression, in bytes.
    pub max_decoded_bytes: usize,
    /// Largest event, in bytes.
    pub max_event_bytes: usize,
    /// Events in one request.
    pub max_events: usize,
    /// Memory for all requests under way together, in bytes.
    pub max_bytes_in_flight: usize,
    /// Time a body may take to come in.
    pub body_timeout_seconds: u64,
    /// Time the event log may take to acknowledge.
    pub append_timeout_seconds: u64,
    /// What each gateway may take.
    pub gateway: GatewayLimits,
    /// What all gateways of a school may take together.
    pub school: SchoolLimits,
}

/// What each gateway may take.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GatewayLimits {
    /// Events a second.
    pub events_per_second: u64,
    /// Events after a pause.
    pub events_burst: u64,
    /// Bytes a second, after decompression.
    pub bytes_per_second: u64,
    /// Bytes after a pause, after decompression.
    pub bytes_burst: u64,
}

/// What all gateways of a school may take together.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SchoolLimits {
    /// Rates: as much as so many gateways.
    pub gateways_at_full_rate: u64,
    /// Memory for its requests under way, in bytes.
    pub max_bytes_in_flight: usize,
    /// Of that, for bodies that are still coming in.
    pub max_bytes_coming_in: usize,
}

impl Config {
    /// Refuses what cannot work.
    ///
    /// # Errors
    /// Names the key and what to do.
    pub fn validate(&self, max_body_bytes: usize) -> Result<(), ConfigError> {
        let refuse = |key: &str, complaint: String| Err(ConfigError::at(&format!("telemetry_ingest.{key}"), complaint));
        let positive = [
            ("max_request_bytes", self.max_request_bytes as u64),
            ("max_decoded_bytes", self.max_decoded_bytes as u64),
            ("max_event_bytes", self.max_event_bytes as u64),
            ("max_events", self.max_events as u64),
            ("body_timeout_seconds", self.body_timeout_seconds),
            ("append_timeout_seconds", self.append_timeout_seconds),
            ("gateway.events_per_second", self.gateway.events_per_second),
            ("gateway.bytes_per_second", self.gateway.bytes_per_second),
            ("school.gateways_at_full_rate", self.school.gateways_at_full_rate),
        ];
        if let Some((key, _)) = positive.iter().find(|(_, value)| *value == 0) {
            return refuse(key, "must be at least 1".to_owned());
        }
        if u32::try_from(self.max_events).is_err() {
            return refuse("max_events", format!("must be at most {}", u32::MAX));
        }
        let largest_event = max_body_bytes / 2;
        if self.max_event_bytes > largest_event {
            return refuse(
                "max_event_bytes",
                format!("must be at most {largest_event}, so that an event fits into a record with what it stands under"),
            );
        }
        if self.max_decoded_bytes < self.max_request_bytes {
            return refuse("max_decoded_bytes", "must be at least max_request_bytes".to_owned());
        }
        let one_cut_request = self.max_request_bytes.saturating_add(self.limits(max_body_bytes).max_written_bytes(self.max_decoded_bytes));
        let one_cut_request = one_cut_request.saturating_add(MAX_HEAD_BYTES);
        if self.school.max_bytes_in_flight < one_cut_request {
            let least = "max_request_bytes and what max_decoded_bytes may be cut into, or the largest request could never be taken";
            return refuse("school.max_bytes_in_flight", format!("must be at least {one_cut_request}: {least}"));
        }
        let one_request = self.max_request_bytes.saturating_add(MAX_HEAD_BYTES);
        if self.school.max_bytes_coming_in < one_request {
            let least = "max_request_bytes and a head, or the largest request could never be taken";
            return refuse("school.max_bytes_coming_in", format!("must be at least {one_request}: {least}"));
        }
        if self.max_bytes_in_flight < self.school.max_bytes_in_flight {
            return refuse("max_bytes_in_flight", "must be at least school.max_bytes_in_flight".to_owned());
        }
        Ok(())
    }

    /// What a request may be.
    pub(crate) const fn limits(&self, max_body_bytes: usize) -> Limits {
        Limits {
            max_decoded_bytes: self.max_decoded_bytes,
            max_event_bytes: self.max_event_bytes,
            max_events: self.max_events,
            max_body_bytes,
        }
    }

    /// Time a body may take to come in.
    pub fn body_timeout(&self) -> Duration {
        Duration::from_secs(self.body_timeout_seconds)
    }

    /// Time the event log may take to acknowledge.
    pub fn append_timeout(&self) -> Duration {
        Duration::from_secs(self.append_timeout_seconds)
    }
}

/// What a request may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// After decompression.
    pub max_decoded_bytes: usize,
    /// Of one event: a log record or a JSON object, without what surrounds it.
    pub max_event_bytes: usize,
    /// Events in one request.
    pub max_events: usize,
    /// Of one body that is written to the log.
    pub max_body_bytes: usize,
}

impl Limits {
    /// Of what an event stands under, resource and scope together. Every body of a request that is cut repeats it.
    pub const fn max_surroundings_bytes(&self) -> usize {
        self.max_body_bytes / 4
    }

    /// Of all bodies together that a request of so many bytes is cut into: a body and the event that no longer fitted hold
    /// three quarters of a body in events, so that for every three bytes of events at most two are repeated.
    pub const fn max_written_bytes(&self, decoded_bytes: usize) -> usize {
        decoded_bytes.saturating_add(decoded_bytes / 3 * 2).saturating_add(self.max_surroundings_bytes())
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    const MAX_BODY: usize = 1024 * 1024;

    pub(crate) fn usable() -> Config {
        Config {
            otlp_grpc_listen: SocketAddr::from(([127, 0, 0, 1], 4317)),
            otlp_http_listen: SocketAddr::from(([127, 0, 0, 1], 4318)),
            workers: 0,
            max_request_bytes: 8 << 20,
            max_decoded_bytes: 32 << 20,
            max_event_bytes: 256 << 10,
            max_events: 100_000,
            max_bytes_in_flight: 256 << 20,
            body_timeout_seconds: 30,
            append_timeout_seconds: 10,
            gateway: GatewayLimits { events_per_second: 5_000, events_burst: 50_000, bytes_per_second: 5 << 20, bytes_burst: 64 << 20 },
            school: SchoolLimits { gateways_at_full_rate: 2, max_bytes_in_flight: 64 << 20, max_bytes_coming_in: 16 << 20 },
        }
    }

    fn complaint(config: Config) -> String {
        config.validate(MAX_BODY).unwrap_err().to_string()
    }

    #[test]
    fn combinations_that_cannot_work_are_refused_by_key() {
        usable().validate(MAX_BODY).unwrap();
        assert!(complaint(Config { max_events: 0, ..usable() }).contains("telemetry_ingest.max_events: must be at least 1"));
        assert!(complaint(Config { max_event_bytes: MAX_BODY, ..usable() }).contains("telemetry_ingest.max_event_bytes"));
        assert!(complaint(Config { max_decoded_bytes: 1, ..usable() }).contains("telemetry_ingest.max_decoded_bytes"));
        assert!(complaint(Config { max_bytes_in_flight: 8 << 20, ..usable() }).contains("telemetry_ingest.max_bytes_in_flight"));
        let school = SchoolLimits { max_bytes_in_flight: 40 << 20, ..usable().school };
        assert!(complaint(Config { school, ..usable() }).contains("telemetry_ingest.school.max_bytes_in_flight"));
        let school = SchoolLimits { max_bytes_coming_in: 4 << 20, ..usable().school };
        assert!(complaint(Config { school, ..usable() }).contains("telemetry_ingest.school.max_bytes_coming_in"));
        let school = SchoolLimits { gateways_at_full_rate: 0, ..usable().school };
        assert!(complaint(Config { school, ..usable() }).contains("telemetry_ingest.school.gateways_at_full_rate"));
    }
}
