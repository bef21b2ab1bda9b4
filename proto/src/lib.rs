//! The words services speak to each other: `schildwacht/<service>/v1/*.proto` and the code generated from them.
//!
//! Shapes only. What a message means is decided by the service that owns it; conversion from these types to a service's
//! own values happens in that service (`messages.rs`, `grpc/`), where every violation is collected.

#![expect(clippy::allow_attributes, clippy::allow_attributes_without_reason, reason = "generated code allows what it must")]

pub mod telemetry;
pub mod time;

/// What happened at a school, as every service with an audit trail tells it.
pub mod history {
    /// Version 1.
    pub mod v1 {
        tonic::include_proto!("schildwacht.history.v1");
    }
}

/// `identity`: organisations and gateways.
pub mod identity {
    /// Version 1.
    pub mod v1 {
        tonic::include_proto!("schildwacht.identity.v1");
    }
}

/// `network-monitor`: devices and alerts.
pub mod network_monitor {
    /// Version 1.
    pub mod v1 {
        tonic::include_proto!("schildwacht.network_monitor.v1");
    }
}

/// `incident-intake`: cases.
pub mod incident_intake {
    /// Version 1.
    pub mod v1 {
        tonic::include_proto!("schildwacht.incident_intake.v1");
    }
}

/// What operators do to every running service.
pub mod operations {
    /// Version 1.
    pub mod v1 {
        tonic::include_proto!("schildwacht.operations.v1");
    }
}

/// A count as messages carry it.
pub fn count(number: impl TryInto<i64>) -> i64 {
    number.try_into().unwrap_or(i64::MAX)
}

/// The compiled descriptors, for gRPC reflection.
pub const FILE_DESCRIPTOR_SET: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/schildwacht.bin"));
