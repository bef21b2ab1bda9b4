//! What Suricata's EVE events say.

use std::{borrow::Cow, net::IpAddr};

use chrono::{DateTime, Utc};

use super::{
    fields::{Field, Fields},
    reading::{Defect, Reading, Reason, Understood},
    surroundings::{Raw, Surroundings},
    told::{self, Card},
};
use crate::domain::{
    address,
    detection::{Detection, Endpoint, Fingerprint, Sensor, Severity, SignatureId},
    sighting::Sighting,
    source::Source,
};

/// Event types we know and do not use. Their own traffic is in the flow events as well.
const UNUSED: &[(&str, &str)] = &[
    ("anomaly", "suricata.anomaly"),
    ("bittorrent_dht", "suricata.bittorrent_dht"),
    ("dcerpc", "suricata.dcerpc"),
    ("dnp3", "suricata.dnp3"),
    ("drop", "suricata.drop"),
    ("engine", "suricata.engine"),
    ("enip", "suricata.enip"),
    ("fileinfo", "suricata.fileinfo"),
    ("ftp", "suricata.ftp"),
    ("ftp_data", "suricata.ftp_data"),
    ("http", "suricata.http"),
    ("http2", "suricata.http2"),
    ("ike", "suricata.ike"),
    ("ikev2", "suricata.ike"),
    ("krb5", "suricata.krb5"),
    ("ldap", "suricata.ldap"),
    ("mdns", "suricata.mdns"),
    ("metadata", "suricata.metadata"),
    ("modbus", "suricata.modbus"),
    ("mqtt", "suricata.mqtt"),
    ("netflow", "suricata.netflow"),
    ("nfs", "suricata.nfs"),
    ("pgsql", "suricata.pgsql"),
    ("pop3", "suricata.pop3"),
    ("quic", "suricata.quic"),
    ("rdp", "suricata.rdp"),
    ("rfb", "suricata.rfb"),
    ("sip", "suricata.sip"),
    ("smb", "suricata.smb"),
    ("smtp", "suricata.smtp"),
    ("snmp", "suricata.snmp"),
    ("ssh", "suricata.ssh"),
    ("stats", "suricata.stats"),
    ("telnet", "suricata.telnet"),
    ("tftp", "suricata.tftp"),
    ("websocket", "suricata.websocket"),
];

/// A type of a later version than we know.
const OTHER: &str = "suricata.other";

/// Reads an event with an `event_type`.
pub fn read<'a>(fields: &Fields<'a>, raw: Raw<'a>, around: &Surroundings<'_>) -> Result<Reading<'a>, Defect> {
    let event_type = fields.get(Field::EventType).as_text().unwrap_or_default().to_ascii_lowercase();
    let source = match event_type.as_str() {
        "alert" => Source::SuricataAlert,
        "dhcp" => Source::SuricataDhcp,
        "arp" => Source::SuricataArp,
        "flow" => Source::SuricataFlow,
        "tls" => Source::SuricataTls,
        "dns" => Source::SuricataDns,
        other => {
            let known = UNUSED.iter().find(|(name, _)| *name == other);
            return Ok(Reading::Unused(known.map_or(OTHER, |(_, label)| label)));
        }
    };
    let told = around.told(fields, Field::Timestamp, "timestamp")?;
    let event = Event { fields, around, source, told, time: around.believable(told) };
    let mut detection = None;
    let sightings = match source {
        Source::SuricataAlert => {
            detection = Some(Box::new(event.detection(raw)?));
            event.alerted()?
        }
        Source::SuricataDhcp => event.lease()?,
        Source::SuricataArp => event.arp()?,
        Source::SuricataFlow => event.flow()?,
        Source::SuricataTls => event.handshake()?,
        _ => event.lookup()?,
    };
    Ok(Reading::Understood(Understood { source, sightings, detection }))
}

struct Event<'f, 'a> {
    fields: &'f Fields<'a>,
    around: &'f Surroundings<'f>,
    source: Source,
    /// As the sensor says: what an event is known again by, also when its clock is wrong.
    told: DateTime<Utc>,
    time: DateTime<Utc>,
}

impl<'a> Event<'_, 'a> {
    fn detection(&self, raw: Raw<'a>) -> Result<Detection<'a>, Defect> {
        let fields = self.fields;
        let missing = Defect { reason: Reason::MissingField, field: "alert.signature_id" };
        let signature = fields.get(Field::AlertSignatureId).as_integer().ok_or(missing)?;
        let generator = fields.get(Field::AlertGenerator).as_integer().unwrap_or(1);
        let source = Endpoint { ip: self.optional_address(Field::SourceIp, "src_ip")?, port: fields.get(Field::SourcePort).as_port() };
        let destination =
            Endpoint { ip: self.optional_address(Field::DestinationIp, "dest_ip")?, port: fields.get(Field::DestinationPort).as_port() };
        let text = |field| fields.get(field).as_text().map(Cow::into_owned).unwrap_or_default();
        let flow = fields.get(Field::FlowId).as_integer().unwrap_or_default();
        let transaction = fields.get(Field::TransactionNumber).as_integer().unwrap_or(-1);
        let ports = [source.port.unwrap_or_default().to_be_bytes(), destination.port.unwrap_or_default().to_be_bytes()].concat();
        Ok(Detection {
            sensor: Sensor::Suricata,
            signature_id: SignatureId::suricata(generator, signature),
            signature: text(Field::AlertSignature).into(),
            category: text(Field::AlertCategory).into(),
            severity: Severity::from_suricata(fields.get(Field::AlertSeverity).as_integer()),
            source,
            destination,
            protocol: text(Field::Protocol).to_ascii_lowercase().into(),
            time: self.time,
            fingerprint: Fingerprint::of([
                self.told.timestamp_micros().to_be_bytes().as_slice(),
                &flow.to_be_bytes(),
                &transaction.to_be_bytes(),
                &ports,
            ]),
            raw: raw.text(),
        })
    }

    /// The suspicious packet was sent by its source. Its destination was there if packets went both ways.
    fn alerted(&self) -> Result<[Option<Sighting>; 2], Defect> {
        let went_both_ways = [Field::PacketsToServer, Field::PacketsToClient].into_iter().all(|field| self.count(field) > 0);
        let source = self.optional_address(Field::SourceIp, "src_ip")?.and_then(|ip| self.seen(ip));
        let destination = self.optional_address(Field::DestinationIp, "dest_ip")?.filter(|_| went_both_ways).and_then(|ip| self.seen(ip));
        Ok([source, destination])
    }

    /// Only a server's acknowledgement binds an address; an offer or a wish does not.
    fn lease(&self) -> Result<[Option<Sighting>; 2], Defect> {
        let card = self.card(Field::DhcpClientMac, "dhcp.client_mac")?;
        let is_acknowledged = self.fields.get(Field::DhcpType).as_str().is_none_or(|kind| kind.eq_ignore_ascii_case("ack"));
        let given = [Field::DhcpAssignedIp, Field::DhcpClientIp].into_iter().filter_map(|field| self.fields.get(field).as_address());
        let ip = given.filter(|ip| address::is_one_device(*ip)).find(|_| is_acknowledged);
        let Card::Address(mac) = card else { return Ok([ip.and_then(|ip| self.seen(ip)), None]) };
        let name = self.fields.get(Field::DhcpHostname).as_text().and_then(|text| told::name(&text));
        let software = self.fields.get(Field::DhcpVendorClass).as_text().and_then(|text| told::vendor_class(&text));
        let device = Sighting::of_mac(self.source, mac, ip, self.time);
        Ok([device.map(|device| device.telling(name.into_iter().chain(software))), None])
    }

    /// The sender of an ARP packet says who it is; of the other side it only guesses.
    fn arp(&self) -> Result<[Option<Sighting>; 2], Defect> {
        let card = self.card(Field::ArpSourceMac, "arp.src_mac")?;
        let ip = self.optional_address(Field::ArpSourceIp, "arp.src_ip")?;
        let Card::Address(mac) = card else { return Ok([ip.and_then(|ip| self.seen(ip)), None]) };
        Ok([Sighting::of_mac(self.source, mac, ip, self.time), None])
    }

    /// A flow is told when it is over, sometimes minutes later: its own start and end count.
    fn flow(&self) -> Result<[Option<Sighting>; 2], Defect> {
        let moment = |field| self.fields.get(field).as_time().map(|told| self.around.believable(told));
        let first = moment(Field::FlowStart).unwrap_or(self.time);
        let last = moment(Field::FlowEnd).unwrap_or(first);
        let client = self.address(Field::SourceIp, "src_ip")?;
        let server = self.address(Field::DestinationIp, "dest_ip")?;
        let seen = |ip| Sighting::of_address(self.source, ip, false, first).map(|device| device.until(last));
        let answered = self.count(Field::PacketsToClient) > 0;
        let service = self.fields.get(Field::AppProtocol).as_str().and_then(|protocol| self.service(protocol));
        let from_client = self.fields.get(Field::PacketsToServer).as_integer() != Some(0);
        let server = seen(server).filter(|_| answered).map(|device| device.telling(service));
        Ok([seen(client).filter(|_| from_client), server])
    }

    /// A handshake takes two. Suricata writes `UNDETERMINED` when it saw no server's hello.
    fn handshake(&self) -> Result<[Option<Sighting>; 2], Defect> {
        let version = self.fields.get(Field::TlsVersion).as_text();
        let server_answered = version.is_some_and(|version| !version.trim().eq_ignore_ascii_case("undetermined"));
        let service = self.service("tls").filter(|_| server_answered);
        let client = self.seen(self.address(Field::SourceIp, "src_ip")?);
        let server = self.seen(self.address(Field::DestinationIp, "dest_ip")?);
        Ok([client, server.filter(|_| server_answered).map(|device| device.telling(service))])
    }

    /// The client exists; the server only if it answered.
    fn lookup(&self) -> Result<[Option<Sighting>; 2], Defect> {
        let is_answer = self.fields.get(Field::DnsType).as_str().is_some_and(|kind| matches!(kind, "answer" | "response"));
        let asked = self.address(Field::DestinationIp, "dest_ip")?;
        let answers_on_53 = self.fields.get(Field::DestinationPort).as_port() == Some(53);
        let service = self.service("dns").filter(|_| answers_on_53);
        let server = self.seen(asked).filter(|_| is_answer).map(|device| device.telling(service));
        Ok([self.seen(self.address(Field::SourceIp, "src_ip")?), server])
    }

    fn seen(&self, ip: IpAddr) -> Option<Sighting> {
        Sighting::of_address(self.source, ip, false, self.time)
    }

    fn service(&self, protocol: &str) -> Option<crate::domain::fact::Told> {
        let transport = self.fields.get(Field::Protocol).as_text();
        told::service(transport.as_deref(), self.fields.get(Field::DestinationPort).as_port(), protocol)
    }

    fn count(&self, field: Field) -> i64 {
        self.fields.get(field).as_integer().unwrap_or_default()
    }

    fn card(&self, field: Field, name: &'static str) -> Result<Card, Defect> {
        let text = self.fields.get(field).as_str().ok_or(Defect { reason: Reason::MissingField, field: name })?;
        Card::read(text).ok_or(Defect { reason: Reason::UnreadableMac, field: name })
    }

    fn address(&self, field: Field, name: &'static str) -> Result<IpAddr, Defect> {
        self.optional_address(field, name)?.ok_or(Defect { reason: Reason::MissingField, field: name })
    }

    fn optional_address(&self, field: Field, name: &'static str) -> Result<Option<IpAddr>, Defect> {
        let value = self.fields.get(field);
        if !value.is_present() {
            return Ok(None);
        }
        value.as_address().map(Some).ok_or(Defect { reason: Reason::UnreadableAddress, field: name })
    }
}
