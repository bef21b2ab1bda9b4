//! Domain values as messages. Closed sets have the same number in both; a test compares names.

use proto::{count, network_monitor::v1 as wire, time::timestamp};
use runtime::DeviceId;

use crate::domain::{alert::NamedAlert, contact::GatewayContact, detection::Endpoint, suppression::Suppression};

impl From<&NamedAlert> for wire::Alert {
    fn from(named: &NamedAlert) -> Self {
        let alert = &named.alert;
        Self {
            alert_id: alert.id.to_string(),
            school_id: alert.school.to_string(),
            signature_id: alert.signature_id.to_string(),
            signature: alert.signature.clone(),
            category: alert.category.clone(),
            severity: alert.severity as i32,
            source: Some(endpoint(alert.source, alert.source_device, &named.source_name)),
            destination: Some(endpoint(alert.destination, alert.destination_device, &named.destination_name)),
            protocol: alert.protocol.clone(),
            first_time: Some(timestamp(alert.first)),
            last_time: Some(timestamp(alert.last)),
            event_count: alert.event_count,
            raw_event: alert.raw_event.clone(),
            sensor: alert.sensor.to_string(),
            gateway_id: alert.gateway.map(|id| id.to_string()).unwrap_or_default(),
            destination_count: count(alert.destinations.count()),
            destination_ips: alert.destinations.named().iter().map(ToString::to_string).collect(),
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

impl From<&Suppression> for wire::Suppression {
    fn from(suppression: &Suppression) -> Self {
        Self {
            suppression_id: suppression.id.to_string(),
            school_id: suppression.school.map(|school| school.to_string()).unwrap_or_default(),
            signature_id: suppression.signature_id.to_string(),
            reason: suppression.reason.as_str().to_owned(),
            expire_time: Some(timestamp(suppression.expires)),
            create_time: Some(timestamp(suppression.created)),
            creator: suppression.creator.clone(),
        }
    }
}

impl From<GatewayContact> for wire::GatewayContact {
    fn from(contact: GatewayContact) -> Self {
        Self {
            gateway_id: contact.gateway.to_string(),
            school_id: contact.school.to_string(),
            last_receive_time: Some(timestamp(contact.heard)),
        }
    }
}

#[cfg(test)]
mod tests {
    use strum::VariantArray as _;

    use super::*;
    use crate::domain::detection::Severity;

    #[test]
    fn severities_have_the_numbers_of_the_wire() {
        for severity in Severity::VARIANTS {
            let on_the_wire = wire::AlertSeverity::try_from(*severity as i32).unwrap();
            assert_eq!(on_the_wire.as_str_name(), format!("ALERT_SEVERITY_{}", severity.into_str().to_uppercase()));
        }
        assert!(wire::AlertSeverity::try_from(i32::try_from(Severity::VARIANTS.len()).unwrap() + 1).is_err());
    }
}
