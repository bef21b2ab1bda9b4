//! Rows, column by column.

pub mod case_device;
pub mod case_number;
pub mod evidence;
pub mod evidence_key;
pub mod incident_case;
pub mod person;
pub mod school;
pub mod sighting;
pub mod timeline_entry;
pub mod waiting_alert;
