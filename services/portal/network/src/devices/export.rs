//! A device in a file.

use portal_frame::list::utc;
use serde::Serialize;

use super::view::Device;

/// A device in a file.
#[derive(Serialize)]
pub(crate) struct DeviceRow {
    device_id: String,
    name: String,
    vendor: String,
    mac: String,
    mac_random: bool,
    ips: String,
    first_seen: String,
    last_seen: String,
    quarters_this_week: i64,
    open_alerts: i32,
}

impl From<Device> for DeviceRow {
    fn from(device: Device) -> Self {
        Self {
            name: device.title().unwrap_or_default().to_owned(),
            device_id: device.id,
            vendor: device.vendor.map(|vendor| vendor.value).unwrap_or_default(),
            mac: device.mac.unwrap_or_default(),
            mac_random: device.mac_random,
            ips: device.ips.into_iter().map(|ip| ip.value).collect::<Vec<_>>().join(" "),
            first_seen: utc(device.first_seen),
            last_seen: utc(device.last_seen),
            quarters_this_week: device.quarters,
            open_alerts: device.open_alerts,
        }
    }
}
