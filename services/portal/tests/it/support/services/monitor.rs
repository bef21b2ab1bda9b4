//! network-monitor's devices and gateways, played.

use proto::network_monitor::v1::{
    self as monitor, device_service_server::DeviceService, gateway_contact_service_server::GatewayContactService,
};
use tonic::{Request, Response, Status};

use super::{Answer, Play, paged};

#[tonic::async_trait]
impl DeviceService for Play {
    async fn get_device(&self, request: Request<monitor::GetDeviceRequest>) -> Answer<monitor::Device> {
        let request = self.hear("get_device", request)?;
        let world = self.world();
        let device = world.devices.iter().find(|device| device.school_id == request.school_id && device.device_id == request.device_id);
        device.cloned().map(Response::new).ok_or_else(|| Status::not_found("device"))
    }

    async fn list_devices(&self, request: Request<monitor::ListDevicesRequest>) -> Answer<monitor::ListDevicesResponse> {
        let request = self.hear("list_devices", request)?;
        let world = self.world();
        let named =
            |device: &monitor::Device| device.names.iter().any(|name| name.value.to_lowercase().contains(&request.query.to_lowercase()));
        let devices: Vec<monitor::Device> = (world.devices.iter())
            .filter(|device| device.school_id == request.school_id)
            .filter(|device| request.query.is_empty() || named(device))
            .filter(|device| request.filter != i32::from(monitor::DeviceFilter::WithAlerts) || device.open_alerts > 0)
            .cloned()
            .collect();
        let total_size = i64::try_from(devices.len()).unwrap();
        let (devices, next_page_token) = paged(&devices, request.page_size, &request.page_token);
        Ok(Response::new(monitor::ListDevicesResponse { devices, next_page_token, total_size }))
    }

    async fn summarize_devices(&self, request: Request<monitor::SummarizeDevicesRequest>) -> Answer<monitor::DeviceSummary> {
        let request = self.hear("summarize_devices", request)?;
        Ok(Response::new(self.world().summaries.get(&request.school_id).copied().unwrap_or_default()))
    }
}

#[tonic::async_trait]
impl GatewayContactService for Play {
    async fn list_gateway_contacts(
        &self,
        request: Request<monitor::ListGatewayContactsRequest>,
    ) -> Answer<monitor::ListGatewayContactsResponse> {
        let request = self.hear("list_gateway_contacts", request)?;
        let world = self.world();
        let contacts = world.contacts.iter().filter(|contact| request.gateway_ids.contains(&contact.gateway_id)).cloned().collect();
        Ok(Response::new(monitor::ListGatewayContactsResponse { contacts }))
    }
}
