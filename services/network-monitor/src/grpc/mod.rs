//! The gRPC edge: who calls, what they mean, and answers in messages.

mod alert;
mod device;
mod gateway_contact;

pub use alert::AlertApi;
pub use device::DeviceApi;
pub use gateway_contact::GatewayContactApi;

fn count(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
