//! Rows, column by column.

pub mod alert;
pub mod device;
pub mod device_address;
pub mod device_day;
pub mod gateway_contact;
pub mod school_contact;
pub mod suppression;
