//! Which gateways may post, kept in memory from the compacted topic `identity.gateway.v1`.
//!
//! Every request looks here, also when its token was recognised: a revoked gateway is refused as soon as its entry has come
//! through the log, seconds after the revocation. A partition of the topic that was not known to be read to its end for half a minute is out
//! of date: its gateways are told to retry, because a revocation might have been missed. Those of other partitions go on.
//! A replica that starts while a partition has no leader waits until it has one, and is not ready meanwhile.
//!
//! What a gateway may send is limited by each replica in memory; where there is a Redis, replicas [settle](settle()) there.

mod directory;
mod follow;
mod refusals;
mod settle;

pub use directory::{Directory, Entitlement, Gateway};
pub use follow::follow;
pub use refusals::report;
pub use settle::settle;
