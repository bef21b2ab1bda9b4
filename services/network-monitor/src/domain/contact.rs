//! When a gateway was last heard.

use chrono::{DateTime, Utc};
use runtime::{GatewayId, SchoolId};

/// A gateway that was heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GatewayContact {
    pub gateway: GatewayId,
    /// Where it stands.
    pub school: SchoolId,
    /// When the platform last received something from it.
    pub heard: DateTime<Utc>,
}
