//! `schildwacht.network_monitor.v1.DeviceService`.

use proto::{
    count,
    network_monitor::v1::{
        self as wire, Device, DeviceSummary, GetDeviceRequest, ListDevicesRequest, ListDevicesResponse, SourcedValue,
        SummarizeDevicesRequest, device_service_server::DeviceService,
    },
    time::timestamp,
};
use runtime::{Error, Violations};
use tonic::{Request, Response, Status};

use crate::{
    app::{self, App, DeviceFilter, DeviceOrder, ListDevices, ShownDevice, get_device, list_devices, summarize_devices},
    domain::{fact::Facts, source::Source},
};

#[tonic::async_trait]
impl DeviceService for App {
    async fn get_device(&self, request: Request<GetDeviceRequest>) -> Result<Response<Device>, Status> {
        let read = |fields: &mut Violations, asked: GetDeviceRequest| {
            fields.id("school_id", &asked.school_id).zip(fields.id("device_id", &asked.device_id))
        };
        let (cx, (school, id)) = auth::asked_with(request, read)?;
        let shown = get_device(self, &cx, school, id).await?;
        Ok(Response::new(message_of(shown, &school.to_string())))
    }

    async fn list_devices(&self, request: Request<ListDevicesRequest>) -> Result<Response<ListDevicesResponse>, Status> {
        let (cx, asked): (_, ListDevices) = auth::asked(request)?;
        let school = asked.school.to_string();
        let page = list_devices(self, &cx, asked).await?;
        let devices = page.rows.into_iter().map(|shown| message_of(shown, &school)).collect();
        Ok(Response::new(ListDevicesResponse { devices, next_page_token: page.next_page_token, total_size: page.total }))
    }

    async fn summarize_devices(&self, request: Request<SummarizeDevicesRequest>) -> Result<Response<DeviceSummary>, Status> {
        let (cx, school) = auth::asked_with(request, |fields, asked| fields.id("school_id", &asked.school_id))?;
        let summary = summarize_devices(self, &cx, school).await?;
        Ok(Response::new(summary.into()))
    }
}

impl TryFrom<ListDevicesRequest> for ListDevices {
    type Error = Error;

    fn try_from(request: ListDevicesRequest) -> Result<Self, Error> {
        let mut fields = Violations::default();
        let school = fields.id("school_id", &request.school_id);
        let query = fields.search("query", &request.query);
        let filter = match request.filter() {
            wire::DeviceFilter::Unspecified => DeviceFilter::All,
            wire::DeviceFilter::New => DeviceFilter::New,
            wire::DeviceFilter::Quiet => DeviceFilter::Quiet,
            wire::DeviceFilter::WithAlerts => DeviceFilter::WithAlerts,
        };
        let order = match request.order_by() {
            wire::DeviceOrder::Unspecified | wire::DeviceOrder::LastSeenDesc => DeviceOrder::LastSeen,
            wire::DeviceOrder::FirstSeenDesc => DeviceOrder::FirstSeen,
            wire::DeviceOrder::Name => DeviceOrder::Name,
            wire::DeviceOrder::UseDesc => DeviceOrder::Use,
        };
        let ListDevicesRequest { for_export, page_size, page_token, .. } = request;
        fields.finish(school.map(|school| Self { school, query, filter, order, for_export, page: (page_size, page_token).into() }))
    }
}

impl From<app::DeviceSummary> for DeviceSummary {
    fn from(summary: app::DeviceSummary) -> Self {
        Self {
            total: count(summary.total),
            seen_today: count(summary.seen_today),
            new_this_week: count(summary.new_this_week),
            quiet: count(summary.quiet),
            with_open_alerts: count(summary.with_open_alerts),
            last_event_time: summary.last_heard.map(timestamp),
        }
    }
}

fn message_of(shown: ShownDevice, school: &str) -> Device {
    let ShownDevice { device, week, open_alerts } = shown;
    let mac = device.key.mac();
    let ips = device.addresses.iter().map(|address| SourcedValue {
        value: address.ip.to_string(),
        source: address.source.to_string(),
        observe_time: Some(timestamp(address.observed)),
    });
    let vendor = device.vendor().map(|vendor| SourcedValue {
        value: vendor.to_owned(),
        source: Source::Oui.to_string(),
        observe_time: Some(timestamp(device.first_seen)),
    });
    Device {
        device_id: device.id.to_string(),
        school_id: school.to_owned(),
        mac: mac.map(|mac| mac.to_string()).unwrap_or_default(),
        mac_random: mac.is_some_and(|mac| mac.is_random()),
        ips: ips.collect(),
        names: sourced(&device.names),
        vendor,
        software: sourced(&device.software),
        services: sourced(&device.services),
        first_seen_time: Some(timestamp(device.first_seen)),
        last_seen_time: Some(timestamp(device.last_seen)),
        slots_total: week.iter().sum(),
        slots_per_day: week,
        open_alerts: i32::try_from(open_alerts).unwrap_or(i32::MAX),
    }
}

fn sourced(facts: &Facts) -> Vec<SourcedValue> {
    let values = facts.iter().map(|fact| SourcedValue {
        value: fact.value.clone(),
        source: fact.source.to_string(),
        observe_time: Some(timestamp(fact.observed)),
    });
    values.collect()
}
