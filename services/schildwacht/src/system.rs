//! What every command that asks a running system is told of it.

use std::path::PathBuf;

use clap::Args;
use url::Url;

/// Where a running system is.
#[derive(Debug, Clone, Args)]
pub struct Where {
    /// URL of the running system's pages, which tell where gRPC is; or of its gRPC, with --issuer. `send` and `demo`: URL of telemetry-ingest.
    /// If it runs on this machine with a data folder other than ./var, give --data-dir too.
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
}
