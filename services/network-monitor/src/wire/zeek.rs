//! What Zeek's logs say, written as JSON.

use std::{borrow::Cow, net::IpAddr};

use chrono::{DateTime, TimeDelta, Utc};

use super::{
    fields::{Field, Fields},
    reading::{Defect, Reading, Reason, Understood},
    surroundings::{Raw, Surroundings},
    told::{self, Card},
    zeek_logs::Log,
};
use crate::domain::{
    address,
    detection::{Detection, Endpoint, Fingerprint, Sensor, SignatureId},
    fact::Told,
    notice::{self, Meaning},
    sighting::Sighting,
    source::Source,
};

/// Reads an event of a log.
pub fn read<'a>(log: Log, fields: &Fields<'a>, raw: Raw<'a>, around: &Surroundings<'_>) -> Result<Reading<'a>, Defect> {
    let source = match log {
        Log::Used(source) => source,
        Log::Unused(label) => return Ok(Reading::Unused(label)),
    };
    let told = around.told(fields, Field::Ts, "ts")?;
    let event = Event { fields, around, source, told, time: around.believable(told) };
    let mut detection = None;
    let sightings = match source {
        Source::ZeekKnownHosts => [event.host()?, None],
        Source::ZeekKnownServices => [event.host()?.map(|device| device.telling(event.known_service())), None],
        Source::ZeekSoftware => [event.host()?.map(|device| device.telling(event.software())), None],
        Source::ZeekDhcp => [event.lease()?, None],
        Source::ZeekNotice => match event.notice(raw)? {
            None => return Ok(Reading::Unused("zeek.notice_about_sensor")),
            Some(found) => {
                let culprit = found.source.ip.and_then(|ip| event.seen(ip, false));
                detection = Some(Box::new(found));
                [culprit, None]
            }
        },
        Source::ZeekSsl => event.handshake()?,
        Source::ZeekDns => event.lookup()?,
        _ => event.connection()?,
    };
    Ok(Reading::Understood(Understood { source, sightings, detection }))
}

fn begins(text: &str, beginning: &str) -> bool {
    text.get(..beginning.len()).is_some_and(|start| start.eq_ignore_ascii_case(beginning))
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
    fn host(&self) -> Result<Option<Sighting>, Defect> {
        let ip = self.address(Field::Host, "host")?;
        Ok(self.seen(ip, false))
    }

    fn known_service(&self) -> Option<Told> {
        // A minus before a name says that the parser gave up on it.
        let protocols: Vec<&str> = self.fields.get(Field::Service).texts().filter(|protocol| !protocol.starts_with('-')).collect();
        let transport = self.fields.get(Field::PortProtocol).as_text();
        told::service(transport.as_deref(), self.fields.get(Field::PortNumber).as_port(), &protocols.join(", "))
    }

    fn software(&self) -> Option<Told> {
        let numbers = [Field::VersionMajor, Field::VersionMinor, Field::VersionMinor2, Field::VersionMinor3];
        let parts: Vec<Cow<'_, str>> = numbers.into_iter().map_while(|field| self.fields.get(field).as_text()).collect();
        let mut version = parts.join(".");
        if let Some(additional) = self.fields.get(Field::VersionAdditional).as_text().filter(|_| !version.is_empty()) {
            version = format!("{version}-{additional}");
        }
        told::software(&self.fields.get(Field::SoftwareName).as_text()?, &version)
    }

    /// Only a server's acknowledgement binds an address; Zeek before 2.6 logged nothing else and gave no message types.
    fn lease(&self) -> Result<Option<Sighting>, Defect> {
        let fields = self.fields;
        let name = [Field::HostName, Field::ClientFqdn].into_iter().filter_map(|field| told::name(&fields.get(field).as_text()?));
        let software = fields.get(Field::ClientSoftware).as_text().and_then(|text| told::vendor_class(&text));
        let told = name.chain(software);
        let mac = fields.get(Field::Mac);
        if !mac.is_present() {
            let client = self.address(Field::ClientAddress, "mac")?;
            return Ok(self.seen(client, true).map(|device| device.telling(told)));
        }
        let card = mac.as_str().and_then(Card::read).ok_or(Defect { reason: Reason::UnreadableMac, field: "mac" })?;
        let types = fields.get(Field::MessageTypes);
        let is_acknowledged = !types.is_present() || types.texts().any(|kind| kind.eq_ignore_ascii_case("ack"));
        let given = [Field::AssignedAddress, Field::ClientAddress].into_iter().filter_map(|field| fields.get(field).as_address());
        let ip = given.filter(|ip| address::is_one_device(*ip)).find(|_| is_acknowledged);
        // A server that leases for its dial-in clients gives its own name for each of them.
        let Card::Address(mac) = card else { return Ok(ip.and_then(|ip| self.seen(ip, true))) };
        Ok(Sighting::of_mac(self.source, mac, ip, self.time).map(|device| device.telling(told)))
    }

    /// `None` when the sensor speaks about itself.
    fn notice(&self, raw: Raw<'a>) -> Result<Option<Detection<'a>>, Defect> {
        let fields = self.fields;
        let note = fields.get(Field::Note).as_text().ok_or(Defect { reason: Reason::MissingField, field: "note" })?;
        let Meaning::Alert(severity) = notice::meaning_of(&note) else { return Ok(None) };
        let endpoint = |ips: [Field; 2], ports: [Field; 2], name| {
            let told = ips.into_iter().map(|field| fields.get(field)).find(|value| value.is_present());
            let ip = told.map(|value| value.as_address().ok_or(Defect { reason: Reason::UnreadableAddress, field: name })).transpose()?;
            Ok(Endpoint { ip, port: ports.into_iter().find_map(|field| fields.get(field).as_port()) })
        };
        let source = endpoint([Field::NoticeSource, Field::OriginatorHost], [Field::OriginatorPort; 2], "src")?;
        let destination = endpoint([Field::NoticeDestination, Field::ResponderHost], [Field::NoticePort, Field::ResponderPort], "dst")?;
        let text = |field| fields.get(field).as_text().map(Cow::into_owned).unwrap_or_default();
        let message = text(Field::NoticeMessage);
        let fingerprint = Fingerprint::of([
            self.told.timestamp_micros().to_be_bytes().as_slice(),
            text(Field::Uid).as_bytes(),
            note.as_bytes(),
            message.as_bytes(),
        ]);
        Ok(Some(Detection {
            sensor: Sensor::Zeek,
            signature_id: SignatureId::zeek(&note),
            signature: if message.is_empty() { note.to_string().into() } else { message.into() },
            category: notice::category_of(&note).to_owned().into(),
            severity,
            source,
            destination,
            protocol: text(Field::Protocol).to_ascii_lowercase().into(),
            time: self.time,
            fingerprint,
            raw: raw.text(),
        }))
    }

    /// A handshake takes two; without a version the server never said hello.
    fn handshake(&self) -> Result<[Option<Sighting>; 2], Defect> {
        let [originator, responder] = self.sides()?;
        // A shipper's own version may stand in its place (GELF's is 1.1).
        let is_of_tls = |version: &str| ["tls", "ssl", "dtls", "unknown"].iter().any(|beginning| begins(version, beginning));
        let is_spoken = self.fields.get(Field::TlsVersionSpoken).as_str().is_some_and(is_of_tls);
        let server_answered = is_spoken || self.fields.get(Field::Established).as_bool() == Some(true);
        let service = told::service(Some("tcp"), self.fields.get(Field::ResponderPort).as_port(), "tls");
        Ok([originator, responder.filter(|_| server_answered).map(|device| device.telling(service))])
    }

    /// The client exists; the server only if it answered.
    fn lookup(&self) -> Result<[Option<Sighting>; 2], Defect> {
        let [originator, responder] = self.sides()?;
        let is_answered = self.fields.has(Field::ResponseCode);
        let transport = self.fields.get(Field::Protocol).as_text();
        let service = told::service(transport.as_deref(), self.fields.get(Field::ResponderPort).as_port(), "dns");
        Ok([originator, responder.filter(|_| is_answered).map(|device| device.telling(service))])
    }

    fn connection(&self) -> Result<[Option<Sighting>; 2], Defect> {
        let fields = self.fields;
        let [originator, responder] = self.sides()?;
        let duration = fields.get(Field::Duration).as_float().filter(|seconds| seconds.is_finite() && *seconds > 0.0).unwrap_or(0.0);
        #[expect(clippy::cast_possible_truncation, reason = "`as` saturates; an end in the far future is not believed")]
        let ended = self.time.checked_add_signed(TimeDelta::milliseconds((duration * 1_000.0) as i64)).unwrap_or(self.time);
        let last = self.around.believable(ended);
        let protocols: Vec<&str> = fields.get(Field::Service).texts().collect();
        let transport = fields.get(Field::Protocol).as_text();
        let service = told::service(transport.as_deref(), fields.get(Field::ResponderPort).as_port(), &protocols.join(", "));
        let service = service.filter(|_| !protocols.is_empty());
        let originator = originator.filter(|_| self.spoke(Field::OriginatorPackets, |letter| letter.is_ascii_uppercase()));
        let responder = responder.filter(|_| self.spoke(Field::ResponderPackets, |letter| letter.is_ascii_lowercase()));
        Ok([originator.map(|device| device.until(last)), responder.map(|device| device.until(last).telling(service))])
    }

    /// Whether a side sent anything: by its packets, else by its letters in the history, else by the state.
    fn spoke(&self, packets: Field, its_letters: impl Fn(char) -> bool) -> bool {
        if let Some(count) = self.fields.get(packets).as_integer() {
            return count > 0;
        }
        if let Some(history) = self.fields.get(Field::History).as_str() {
            return history.chars().any(its_letters);
        }
        let is_originator = packets == Field::OriginatorPackets;
        let one_sided = self.fields.get(Field::ConnState).as_str().is_none_or(|state| matches!(state, "S0" | "SH" | "RSTOS0" | "OTH"));
        is_originator || !one_sided
    }

    /// Both sides of a connection, as far as they are the school's.
    fn sides(&self) -> Result<[Option<Sighting>; 2], Defect> {
        let is = |field| self.fields.get(field).as_bool() == Some(true);
        let originator = self.address(Field::OriginatorHost, "id.orig_h")?;
        let responder = self.address(Field::ResponderHost, "id.resp_h")?;
        Ok([self.seen(originator, is(Field::LocalOriginator)), self.seen(responder, is(Field::LocalResponder))])
    }

    fn seen(&self, ip: IpAddr, said_local: bool) -> Option<Sighting> {
        Sighting::of_address(self.source, ip, said_local, self.time)
    }

    fn address(&self, field: Field, name: &'static str) -> Result<IpAddr, Defect> {
        let value = self.fields.get(field);
        if !value.is_present() {
            return Err(Defect { reason: Reason::MissingField, field: name });
        }
        value.as_address().ok_or(Defect { reason: Reason::UnreadableAddress, field: name })
    }
}
