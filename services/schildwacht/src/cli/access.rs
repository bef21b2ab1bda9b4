//! What every command that asks a running system is told.

use std::path::PathBuf;

use clap::Args;
use identity::issuer::client::COMMAND_LINE;

use crate::system::Where;

/// Which running system to talk to, and as whom.
#[derive(Debug, Clone, Args)]
pub struct Access {
    #[command(flatten)]
    pub system: Where,
    /// Client id to act as.
    #[arg(long, value_name = "ID", default_value = COMMAND_LINE)]
    pub client_id: String,
    /// File with the client secret. Default: the one in the local data folder.
    #[arg(long, value_name = "FILE")]
    pub secret_file: Option<PathBuf>,
}
