//! What measured processes are given: the product's own defaults, so that what is measured is what runs, and a folder.
//! The environment may change the defaults, as it may there.

use std::{net::SocketAddr, path::Path};

use anyhow::{Context as _, Result};
use events::KafkaConfig;
use runtime::telemetry::TelemetryConfig;
use serde::Deserialize;
use storage::cache::CacheConfig;
use telemetry_ingest::config::GatewayLimits;
use tempfile::TempDir;

const DEFAULTS: &str = include_str!("../../services/schildwacht/src/serve/default.toml");

/// The sections that are needed here.
#[derive(Debug, Deserialize)]
pub struct Settings {
    pub telemetry: TelemetryConfig,
    pub events: Events,
    pub cache: CacheConfig,
    pub telemetry_ingest: telemetry_ingest::Config,
    pub network_monitor: network_monitor::Config,
}

/// `[events]`.
#[derive(Debug, Deserialize)]
pub struct Events {
    pub kafka: KafkaConfig,
}

impl Settings {
    /// The defaults with free ports, with limits that are counted against but never reached, and without lines on the terminal.
    pub fn load() -> Result<Self> {
        let mut settings: Self = runtime::config::load(DEFAULTS, None)?;
        settings.telemetry.log_filter = "warn".to_owned();
        let free_port = SocketAddr::from(([127, 0, 0, 1], 0));
        settings.telemetry_ingest.otlp_grpc_listen = free_port;
        settings.telemetry_ingest.otlp_http_listen = free_port;
        settings.telemetry_ingest.gateway =
            GatewayLimits { events_per_second: 1 << 40, events_burst: 1 << 40, bytes_per_second: 1 << 50, bytes_burst: 1 << 50 };
        Ok(settings)
    }
}

/// A folder on the disk that has the build, as the one for temporary files may be memory, where a flush costs nothing.
pub fn beside_executable() -> Result<TempDir> {
    let executable = std::env::current_exe()?;
    let folder: &Path = executable.parent().context("the executable stands nowhere")?;
    tempfile::Builder::new().prefix("load-tests-").tempdir_in(folder).context("the folder for measurements cannot be made")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_products_defaults_can_be_read() {
        let settings = Settings::load().unwrap();
        assert_eq!(settings.telemetry_ingest.otlp_http_listen.port(), 0);
        assert!(settings.network_monitor.max_batches > 0);
    }
}
