//! A gateway: the machine at a school that sends what its sensors see.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use portal_frame::answer::{Unreadable, given, moment, required_moment, required_text};
use proto::{identity::v1 as wire, network_monitor::v1::ListGatewayContactsResponse};

/// One gateway.
#[derive(Clone, Debug)]
pub(crate) struct Gateway {
    pub(crate) id: String,
    pub(crate) school_id: String,
    pub(crate) name: String,
    pub(crate) client_id: String,
    pub(crate) state: GatewayState,
    pub(crate) created: DateTime<Utc>,
    pub(crate) secret_since: Option<DateTime<Utc>>,
    /// Until when the code is good that waits for its machine.
    pub(crate) code_expires: Option<DateTime<Utc>>,
    pub(crate) etag: String,
}

/// Whether a gateway may send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum GatewayState {
    Active,
    Revoked { at: Option<DateTime<Utc>>, reason: Option<String> },
}

/// A working sensor always sends something within this time: printers and access points have traffic at night too.
pub(crate) const SILENT_AFTER: TimeDelta = TimeDelta::hours(24);

/// When a gateway last sent something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Contact {
    /// network-monitor does not say.
    Unknown,
    /// It has just been enrolled, or may not send any more.
    NotYet,
    /// It may send, and never has for as long as one waits.
    Never,
    At(DateTime<Utc>),
    /// It may send, and has not for too long.
    SilentSince(DateTime<Utc>),
}

/// When gateways last sent something, by gateway id.
#[derive(Debug, Default)]
pub(crate) struct Contacts(BTreeMap<String, DateTime<Utc>>);

impl Contacts {
    pub(crate) fn of(&self, gateway: &Gateway, now: DateTime<Utc>) -> Contact {
        match self.0.get(&gateway.id) {
            None if gateway.is_active() && now - gateway.created > SILENT_AFTER => Contact::Never,
            None => Contact::NotYet,
            Some(heard) if gateway.is_active() && now - *heard > SILENT_AFTER => Contact::SilentSince(*heard),
            Some(heard) => Contact::At(*heard),
        }
    }
}

impl TryFrom<ListGatewayContactsResponse> for Contacts {
    type Error = Unreadable;

    fn try_from(answer: ListGatewayContactsResponse) -> Result<Self, Unreadable> {
        let contacts = answer.contacts.into_iter().map(|contact| {
            let heard = required_moment(contact.last_receive_time, "gateway_contact.last_receive_time")?;
            Ok((contact.gateway_id, heard))
        });
        contacts.collect::<Result<_, Unreadable>>().map(Self)
    }
}

impl Gateway {
    /// Made-up ones: one that may send, one that may not, one that waits for its machine.
    pub(crate) fn samples() -> [Self; 3] {
        let created = portal_frame::samples::now();
        let active = Self {
            id: "0190c0de-0000-7000-8000-000000000040".to_owned(),
            school_id: portal_frame::samples::school_id().to_string(),
            name: "Hoofdgebouw".to_owned(),
            client_id: "gateway-40".to_owned(),
            state: GatewayState::Active,
            created,
            secret_since: Some(created),
            code_expires: None,
            etag: "etag".to_owned(),
        };
        let state = GatewayState::Revoked { at: Some(created), reason: Some("Toestel gestolen".to_owned()) };
        let waiting = Self { code_expires: Some(created + TimeDelta::hours(24)), ..active.clone() };
        [active.clone(), Self { state, ..active }, waiting]
    }

    pub(crate) fn is_active(&self) -> bool {
        self.state == GatewayState::Active
    }
}

impl TryFrom<wire::Gateway> for Gateway {
    type Error = Unreadable;

    fn try_from(gateway: wire::Gateway) -> Result<Self, Unreadable> {
        let state = match wire::GatewayState::try_from(gateway.state) {
            Ok(wire::GatewayState::Active) => GatewayState::Active,
            Ok(wire::GatewayState::Revoked) => {
                GatewayState::Revoked { at: moment(gateway.revoke_time), reason: given(gateway.revoke_reason) }
            }
            Ok(wire::GatewayState::Unspecified) | Err(_) => return Err(Unreadable("gateway.state")),
        };
        Ok(Self {
            id: required_text(gateway.gateway_id, "gateway.gateway_id")?,
            school_id: required_text(gateway.school_id, "gateway.school_id")?,
            name: gateway.name,
            client_id: gateway.client_id,
            state,
            created: required_moment(gateway.create_time, "gateway.create_time")?,
            secret_since: moment(gateway.secret_time),
            code_expires: moment(gateway.code_expire_time),
            etag: gateway.etag,
        })
    }
}
