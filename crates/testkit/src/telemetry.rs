//! Metrics of a test program.

use runtime::telemetry::{LogFormat, Telemetry, TelemetryConfig};

/// Starts metrics, and neither logs nor traces. Once in a program, and before what is measured.
pub fn quiet_telemetry() -> Telemetry {
    let config = TelemetryConfig {
        log_format: LogFormat::Text,
        log_filter: "off".to_owned(),
        otlp_endpoint: String::new(),
        sample_ratio: 0.0,
        trace_filter: "off".to_owned(),
    };
    Telemetry::start(&config, "test").expect("telemetry starts once in a program")
}
