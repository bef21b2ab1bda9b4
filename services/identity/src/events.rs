//! What identity tells the others. Both topics are compacted: the last event of a key is its current state.

use std::time::SystemTime;

use auth::Context;
use events::Envelope;
use proto::identity::v1 as wire;
use runtime::EventId;

use crate::domain::{Gateway, School};

const SOURCE: &str = "identity";

/// `identity.organisation.v1`: a school as it is now.
pub fn organisation_state(cx: &Context, school: &School) -> Envelope {
    let now = cx.clock.now();
    let state = wire::OrganisationState { school: Some(school.into()), update_time: Some(SystemTime::from(now).into()) };
    Envelope::new(cx.ids.next::<EventId>(), now, SOURCE, school.id.to_string(), &state)
}

/// `identity.gateway.v1`: whether a gateway may post, and for which school.
pub fn gateway_entry(cx: &Context, gateway: &Gateway) -> Envelope {
    let entry = wire::GatewayDirectoryEntry {
        gateway_id: gateway.id.to_string(),
        school_id: gateway.school_id.to_string(),
        state: wire::GatewayState::from(&gateway.state).into(),
    };
    Envelope::new(cx.ids.next::<EventId>(), cx.clock.now(), SOURCE, gateway.id.to_string(), &entry)
}
