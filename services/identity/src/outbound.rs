//! What identity tells the others. All topics are compacted: the last event of a key is its current state.

use auth::Context;
use events::Envelope;
use proto::{identity::v1 as wire, time::timestamp};
use runtime::{EventId, PersonId};

use crate::domain::{Appointment, Contact, Gateway, School};

/// The service's name in events.
pub const NAME: &str = "identity";

/// `identity.organisation.v1`: a school and its contacts as they are now.
pub fn organisation_state(cx: &Context, school: &School, contacts: &[Contact]) -> Envelope {
    let now = cx.clock.now();
    let contacts = contacts.iter().map(Into::into).collect();
    let state = wire::OrganisationState { school: Some(school.into()), update_time: Some(timestamp(now)), contacts };
    Envelope::new(cx.ids.next::<EventId>(), now, NAME, school.id.to_string(), &state)
}

/// `identity.gateway.v1`: whether a gateway may post, and for which school.
pub fn gateway_entry(cx: &Context, gateway: &Gateway) -> Envelope {
    let entry = wire::GatewayDirectoryEntry {
        gateway_id: gateway.id.to_string(),
        school_id: gateway.school_id.to_string(),
        state: wire::GatewayState::from(&gateway.state).into(),
    };
    Envelope::new(cx.ids.next::<EventId>(), cx.clock.now(), NAME, gateway.id.to_string(), &entry)
}

/// `identity.function.v1`: all that a person holds or will hold.
pub fn person_functions(cx: &Context, person: PersonId, holds: &[Appointment]) -> Envelope {
    let functions = holds.iter().map(Into::into).collect();
    let state = wire::PersonFunctions { person_id: person.to_string(), functions };
    Envelope::new(cx.ids.next::<EventId>(), cx.clock.now(), NAME, person.to_string(), &state)
}

/// `identity.erasure.v1`: a person is erased.
pub fn person_erased(cx: &Context, person: PersonId) -> Envelope {
    let now = cx.clock.now();
    let erased = wire::PersonErased { person_id: person.to_string(), erase_time: Some(timestamp(now)) };
    Envelope::new(cx.ids.next::<EventId>(), now, NAME, person.to_string(), &erased)
}

/// `identity.erasure.v1`: a person who was erased is known again.
pub fn person_known_again(cx: &Context, person: PersonId) -> Envelope {
    Envelope { data: None, ..person_erased(cx, person) }
}

/// `identity.function.v1`: a person is known no longer.
pub fn person_forgotten(cx: &Context, person: PersonId) -> Envelope {
    Envelope { data: None, ..person_functions(cx, person, &[]) }
}
