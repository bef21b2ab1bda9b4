//! What the service knows and how it changes: values and rules, synchronous and pure.
//!
//! One batch of sensor lines becomes [`sighting`]s and [`detection`]s; these are folded ([`fold`], [`alert_fold`]) and applied to
//! the devices and alerts the store knows ([`roster`], [`alert_fold::AlertFold::apply`]), within a school's [`bounds`], which yields what to store and tell.

pub mod address;
pub mod alert;
pub mod alert_change;
pub mod alert_fold;
pub mod bounds;
pub mod contact;
pub mod destinations;
pub mod detection;
pub mod device;
pub mod fact;
pub mod flood;
pub mod fold;
pub mod mac;
pub mod moment;
pub mod notice;
pub mod roster;
pub mod sighting;
pub mod source;
pub mod suppression;
pub mod usage;
pub mod vendor;
