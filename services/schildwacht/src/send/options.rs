//! What `schildwacht send` is told.

use std::{num::NonZeroUsize, path::PathBuf};

use clap::Args;
use url::Url;

use super::batch::{Encoding, Protocol};

/// Arguments of the command.
#[derive(Debug, Args)]
pub struct SendOptions {
    /// File with events: JSON lines, a JSON array or JSON values, plain, gzip or zstd; `-` is standard input.
    #[arg(long, value_name = "FILE")]
    pub file: PathBuf,
    /// Gateway to send as: its id. For a demo gateway also its school's number or short name (zandloper, merel …).
    #[arg(long, value_name = "ID")]
    pub gateway: String,
    /// File with the gateway's client secret, or set GATEWAY_SECRET. Not needed for demo gateways on this machine.
    #[arg(long, value_name = "FILE")]
    pub secret_file: Option<PathBuf>,
    /// URL of telemetry-ingest. For a demo gateway of a system with a data folder other than ./var, give --data-dir too.
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8080")]
    pub at: Url,
    /// URL of the token issuer. Default: `<at>/issuer`.
    #[arg(long, value_name = "URL")]
    pub issuer: Option<Url>,
    /// Accepts http:// to another machine, because a mesh encrypts what leaves this process (as `security.mesh` of the services).
    #[arg(long)]
    pub mesh: bool,
    /// Data folder of the system, if it runs on this machine.
    #[arg(long, value_name = "FOLDER", default_value = "var")]
    pub data_dir: PathBuf,
    /// Format of requests.
    #[arg(long, default_value = "json-lines")]
    pub protocol: Protocol,
    /// Compression of requests.
    #[arg(long, default_value = "zstd")]
    pub encoding: Encoding,
    /// Maximum number of events in a request.
    #[arg(long, value_name = "EVENTS", default_value = "500")]
    pub batch: NonZeroUsize,
    /// Number of concurrent requests.
    #[arg(long, value_name = "REQUESTS", default_value = "4")]
    pub in_flight: NonZeroUsize,
    /// Maximum number of retries of a request while the system is busy or unavailable.
    #[arg(long, value_name = "TIMES", default_value = "8")]
    pub retries: u32,
    /// Prints the result as JSON.
    #[arg(long)]
    pub json: bool,
}
