//! A running network-monitor, with schools, people and a log.

use std::{collections::BTreeMap, time::Duration};

use auth::{Function, Principal};
use bytes::Bytes;
use chrono::{DateTime, Utc};
use events::{Envelope, Record, TailFrom, Topic};
use proto::{
    network_monitor::v1::{
        AlertEvent, Device, ListAlertsRequest, ListAlertsResponse, ListDevicesRequest, ListDevicesResponse,
        alert_service_client::AlertServiceClient, device_service_client::DeviceServiceClient,
        gateway_contact_service_client::GatewayContactServiceClient, history_service_client::HistoryServiceClient,
    },
    operations::v1::dead_letter_service_client::DeadLetterServiceClient,
};
use runtime::{EventId, GatewayId, Ids, ManualClock, SchoolId};
use schildwacht_network_monitor::{Bounds, Config, Service, migrations};
use sea_orm::{ConnectionTrait as _, Statement};
use storage::{Database, Reach};
use testkit::{PATIENCE, Running, TestDatabase, TestIssuer, TestLog, TestProcess, person};
use tonic::{Request, transport::Channel};

/// When every test begins.
pub const NOW: &str = "2026-09-24T09:50:00Z";

/// The trace of every post.
pub const TRACE_ID: &str = "0af7651916cd43dd8448eb211c80319c";

/// A running network-monitor.
pub struct World {
    /// Gives tokens to whomever a test names.
    pub people: TestIssuer,
    /// Stands still until it is moved.
    pub clock: ManualClock,
    /// Its tables.
    pub database: Database,
    /// Two schools.
    pub school: SchoolId,
    pub other_school: SchoolId,
    /// A gateway of the first.
    pub gateway: GatewayId,
    log: TestLog,
    ids: Ids,
    server: Running,
    _process: TestProcess,
}

impl World {
    pub async fn start(database: &TestDatabase) -> Self {
        let clock = ManualClock::at(NOW.parse().unwrap());
        let log = TestLog::beside(database, &[Topic::TelemetryBatch, Topic::Erasure, Topic::Alert]).await;
        let people = TestIssuer::start(clock.clone().into()).await;
        let process = TestProcess::at(clock.clone());
        let migrated = database.migrated(migrations()).await;
        let parts = testkit::parts(&migrated, &log, &people);
        let operators_door = testkit::operators_door(&parts);
        let service = Service {
            config: Config {
                database: database.config(),
                max_decoded_bytes: 32 << 20,
                max_batches: 50,
                max_events: 10_000,
                bounds: Bounds { devices: 20_000, new_devices_per_hour: 5_000, new_alerts_per_hour: 500 },
            },
            parts,
        };
        service.config.validate().unwrap();
        let server = Running::start(service.build(&process).await.unwrap().merge(operators_door)).await;
        let ids = Ids::random(clock.clone().into());
        Self {
            people,
            clock,
            database: migrated,
            school: ids.next(),
            other_school: ids.next(),
            gateway: ids.next(),
            log,
            ids,
            server,
            _process: process,
        }
    }

    /// Posts JSON lines as a gateway of the first school, and waits until they are processed.
    pub async fn post(&self, lines: &str) {
        self.post_from(self.school, "application/x-ndjson", None, lines.as_bytes().to_vec()).await;
    }

    /// Another gateway.
    pub fn new_gateway(&self) -> GatewayId {
        self.ids.next()
    }

    /// Posts JSON lines as another gateway, and waits until they are processed.
    pub async fn post_as(&self, gateway: GatewayId, school: SchoolId, lines: &str) {
        self.post_body(gateway, school, "application/x-ndjson", None, lines.as_bytes().to_vec()).await;
    }

    /// Posts a body as telemetry-ingest would put it on the log, and waits until it is processed.
    pub async fn post_from(&self, school: SchoolId, media_type: &str, encoding: Option<&str>, body: Vec<u8>) {
        self.post_body(self.gateway, school, media_type, encoding, body).await;
    }

    async fn post_body(&self, gateway: GatewayId, school: SchoolId, media_type: &str, encoding: Option<&str>, body: Vec<u8>) {
        self.append(self.record(gateway, school, media_type, encoding, body)).await;
    }

    /// As telemetry-ingest writes it.
    pub fn record(&self, gateway: GatewayId, school: SchoolId, media_type: &str, encoding: Option<&str>, body: Vec<u8>) -> Record {
        let text = |text: String| Bytes::from(text);
        let received: DateTime<Utc> = runtime::Clock::from(self.clock.clone()).now();
        let mut headers = vec![
            ("ce_id".to_owned(), text(self.ids.next::<EventId>().to_string())),
            ("ce_time".to_owned(), text(received.to_rfc3339())),
            ("content-type".to_owned(), text(media_type.to_owned())),
            ("schildwacht-gateway".to_owned(), text(gateway.to_string())),
            ("schildwacht-school".to_owned(), text(school.to_string())),
            ("traceparent".to_owned(), text(format!("00-{TRACE_ID}-b7ad6b7169203331-01"))),
        ];
        headers.extend(encoding.map(|encoding| ("content-encoding".to_owned(), text(encoding.to_owned()))));
        Record { key: school.to_string().into(), headers, value: Some(body.into()) }
    }

    /// Puts a record on the log and waits until it is processed.
    pub async fn append(&self, record: Record) {
        self.append_all(vec![record]).await;
    }

    /// The same of several.
    pub async fn append_all(&self, records: Vec<Record>) {
        self.log.append(Topic::TelemetryBatch, records).await.unwrap();
        let waiting = async {
            while self.log.lag("network-monitor", &[Topic::TelemetryBatch]).await.unwrap() > 0 {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(PATIENCE, waiting).await.expect("the batch was not processed");
    }

    /// Whether a table has rows, or has such rows: `alert WHERE …`.
    pub async fn has_rows(&self, table: &str) -> bool {
        let question = Statement::from_string(self.database.backend(), format!("SELECT 1 AS one FROM {table} LIMIT 1"));
        let reader = self.database.reader_within(Reach::Everything).await.unwrap();
        reader.query_one_raw(question).await.unwrap().is_some()
    }

    /// The first so many alert events that were published.
    pub async fn alert_events(&self, count: usize) -> Vec<(Envelope, AlertEvent)> {
        let mut tail = self.log.tail(Topic::Alert, TailFrom::Start).await.unwrap();
        let mut events = Vec::new();
        let reading = async {
            while events.len() < count {
                for delivered in tail.next(1_000, Duration::from_millis(100)).await.unwrap() {
                    let envelope = Envelope::from_record(&delivered.record).unwrap();
                    let event = envelope.decode::<AlertEvent>().unwrap();
                    events.push((envelope, event));
                }
            }
        };
        tokio::time::timeout(PATIENCE, reading).await.expect("too few alert events");
        events
    }

    pub fn devices(&self) -> DeviceServiceClient<Channel> {
        DeviceServiceClient::new(self.server.channel())
    }

    pub fn contacts(&self) -> GatewayContactServiceClient<Channel> {
        GatewayContactServiceClient::new(self.server.channel())
    }

    pub fn alerts(&self) -> AlertServiceClient<Channel> {
        AlertServiceClient::new(self.server.channel())
    }

    pub fn history(&self) -> HistoryServiceClient<Channel> {
        HistoryServiceClient::new(self.server.channel())
    }

    pub fn channel(&self) -> Channel {
        self.server.channel()
    }

    pub fn dead_letters(&self) -> DeadLetterServiceClient<Channel> {
        DeadLetterServiceClient::new(self.server.channel())
    }

    pub fn responder(&self) -> Principal {
        person(1, &[Function::Responder])
    }

    pub fn lead(&self) -> Principal {
        person(3, &[Function::ResponseLead])
    }

    pub fn operator(&self) -> Principal {
        person(4, &[Function::Operator])
    }

    /// A request of a responder's.
    pub fn asks<T>(&self, message: T) -> Request<T> {
        self.people.request(&self.responder(), message)
    }

    /// All devices of the first school as a responder sees them, by address or hardware address.
    pub async fn all_devices(&self) -> BTreeMap<String, Device> {
        let mut devices = BTreeMap::new();
        let mut page_token = String::new();
        loop {
            let request = ListDevicesRequest { school_id: self.school.to_string(), page_size: 200, page_token, ..Default::default() };
            let page: ListDevicesResponse = self.devices().list_devices(self.asks(request)).await.unwrap().into_inner();
            for device in page.devices {
                let key = if device.mac.is_empty() { device.ips[0].value.clone() } else { device.mac.clone() };
                assert!(devices.insert(key, device).is_none(), "a device stood on two pages");
            }
            page_token = page.next_page_token;
            if page_token.is_empty() {
                return devices;
            }
        }
    }

    /// The alerts of the first school as a responder sees them.
    pub async fn all_alerts(&self) -> ListAlertsResponse {
        let request =
            ListAlertsRequest { school_id: self.school.to_string(), page_size: 200, include_raw_events: true, ..Default::default() };
        self.alerts().list_alerts(self.asks(request)).await.unwrap().into_inner()
    }
}

/// A Suricata alert.
pub fn alert(time: &str, signature: u32, severity: u8, source: &str, destination: &str) -> String {
    format!(
        r#"{{"timestamp":"{time}","flow_id":{signature}7,"event_type":"alert","src_ip":"{source}","src_port":40000,"dest_ip":"{destination}","dest_port":445,"proto":"TCP","alert":{{"action":"allowed","gid":1,"signature_id":{signature},"rev":1,"signature":"TEST signature {signature}","category":"Misc activity","severity":{severity}}},"flow":{{"pkts_toserver":1,"pkts_toclient":0}}}}"#
    ) + "\n"
}

/// A lease by DHCP.
pub fn lease(time: &str, mac: &str, ip: &str, name: &str) -> String {
    format!(
        r#"{{"timestamp":"{time}","event_type":"dhcp","src_ip":"10.0.0.1","dest_ip":"255.255.255.255","proto":"UDP","dhcp":{{"type":"reply","client_mac":"{mac}","assigned_ip":"{ip}","dhcp_type":"ack","hostname":"{name}"}}}}"#
    ) + "\n"
}

/// Traffic with the internet.
pub fn flow(start: &str, ip: &str) -> String {
    format!(
        r#"{{"timestamp":"{start}","event_type":"flow","src_ip":"{ip}","src_port":40000,"dest_ip":"193.191.245.1","dest_port":443,"proto":"TCP","app_proto":"tls","flow":{{"pkts_toserver":9,"pkts_toclient":9,"start":"{start}","end":"{start}"}}}}"#
    ) + "\n"
}
