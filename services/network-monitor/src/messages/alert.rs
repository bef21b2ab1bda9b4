//! Alerts.

use proto::network_monitor::v1 as wire;
use runtime::DeviceId;

use super::timestamp;
use crate::domain::{
    alert::NamedAlert,
    detection::{Endpoint, Severity},
};

impl From<Severity> for wire::AlertSeverity {
    fn from(severity: Severity) -> Self {
        match severity {
            Severity::Low => Self::Low,
            Severity::Medium => Self::Medium,
            Severity::High => Self::High,
        }
    }
}

impl From<&NamedAlert> for wire::Alert {
    fn from(named: &NamedAlert) -> Self {
        let alert = &named.alert;
        Self {
            alert_id: alert.id.to_string(),
            school_id: alert.school.to_string(),
            signature_id: alert.signature_id.to_string(),
            signature: alert.signature.clone(),
            category: alert.category.clone(),
            severity: wire::AlertSeverity::from(alert.severity).into(),
            source: Some(endpoint(alert.source, alert.source_device, &named.source_name)),
            destination: Some(endpoint(alert.destination, alert.destination_device, &named.destination_name)),
            protocol: alert.protocol.clone(),
            first_time: Some(timestamp(alert.first)),
            last_time: Some(timestamp(alert.last)),
            event_count: alert.event_count,
            raw_event: alert.raw_event.clone(),
            sensor: alert.sensor.as_str().to_owned(),
            gateway_id: alert.gateway.map(|id| id.to_string()).unwrap_or_default(),
        }
    }
}

fn endpoint(endpoint: Endpoint, device: Option<DeviceId>, device_name: &str) -> wire::Endpoint {
    wire::Endpoint {
        ip: endpoint.ip.map(|ip| ip.to_string()).unwrap_or_default(),
        port: endpoint.port.unwrap_or_default().into(),
        device_id: device.map(|id| id.to_string()).unwrap_or_default(),
        device_name: device_name.to_owned(),
    }
}
