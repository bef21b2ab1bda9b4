//! Devices and alerts of a school's network, from what its sensors send.

pub mod domain;
pub mod wire;
