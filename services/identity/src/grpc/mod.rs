//! The gRPC edge: who calls, what they mean, and answers in messages. A file for each gRPC service has its RPCs and their requests.

mod contact;
mod gateway;
mod organisation;

pub use contact::ContactApi;
pub use gateway::GatewayApi;
pub use organisation::OrganisationApi;
