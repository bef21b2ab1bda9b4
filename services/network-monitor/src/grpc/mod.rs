//! The gRPC edge: who calls, what they mean, and answers in messages. A file for each gRPC service has its RPCs and their requests.

mod alert;
mod device;
mod gateway_contact;

pub use alert::AlertApi;
pub use device::DeviceApi;
pub use gateway_contact::GatewayContactApi;
