//! The gRPC edge: who calls, what they mean, and answers in messages.

mod gateway;
mod message;
mod organisation;

pub use gateway::GatewayApi;
pub use organisation::OrganisationApi;
