//! Domain values as messages. Closed sets have the same number in both; a test compares names.

mod enrolment;
mod erasure;

use auth::{DataKind, Function, Policy};
use proto::{count, identity::v1 as wire, time::timestamp};

use chrono::{DateTime, Utc};

use crate::domain::{
    Answer, Appointment, Board, Contact, FunctionAccess, Gateway, GatewayState, Invitation, Level, OrganisationAccess, OwnAccess, Reached,
    School, Site, import::BadLine,
};

pub use enrolment::{enrolment, enrolment_details};
pub use erasure::erasure;

/// An appointment as it is at this moment.
pub fn appointment(appointment: &Appointment, now: DateTime<Utc>) -> wire::Appointment {
    let state = if appointment.is_open(now) { wire::AppointmentState::Open } else { wire::AppointmentState::Ended };
    wire::Appointment {
        appointment_id: appointment.id.to_string(),
        person_id: appointment.person.id.to_string(),
        name: appointment.person.name().to_owned(),
        email: appointment.person.email().map(ToString::to_string).unwrap_or_default(),
        function: appointment.function.to_string(),
        start_time: Some(timestamp(appointment.from)),
        end_time: appointment.until.map(timestamp),
        confirm_by_time: Some(timestamp(appointment.confirm_by)),
        appointed_by: appointment.appointed_by.clone(),
        state: state.into(),
        etag: appointment.etag().to_string(),
    }
}

/// An invitation as it is at this moment.
pub fn invitation(invitation: &Invitation, now: DateTime<Utc>) -> wire::Invitation {
    let (state, expires) = match invitation.answer {
        Answer::Awaited { expires, .. } if invitation.is_good(now) => (wire::InvitationState::Open, Some(expires)),
        Answer::Awaited { expires, .. } => (wire::InvitationState::Expired, Some(expires)),
        Answer::Accepted { .. } => (wire::InvitationState::Accepted, None),
        Answer::Withdrawn => (wire::InvitationState::Withdrawn, None),
    };
    wire::Invitation {
        invitation_id: invitation.id.to_string(),
        email: invitation.email.to_string(),
        function: invitation.function.to_string(),
        end_time: invitation.until.map(timestamp),
        state: state.into(),
        expire_time: expires.map(timestamp),
        create_time: Some(timestamp(invitation.created_at)),
        invited_by: invitation.invited_by.clone(),
        etag: invitation.etag().to_string(),
    }
}

impl From<&Appointment> for wire::HeldFunction {
    fn from(appointment: &Appointment) -> Self {
        Self {
            function: appointment.function.to_string(),
            start_time: Some(timestamp(appointment.from)),
            end_time: Some(timestamp(appointment.ends())),
        }
    }
}

impl From<OrganisationAccess> for wire::GetAccessResponse {
    fn from(access: OrganisationAccess) -> Self {
        let service = |(name, reached): (&str, Vec<Reached>)| wire::ServiceAccess {
            service: name.to_owned(),
            reaches: reached.into_iter().map(Into::into).collect(),
        };
        Self {
            functions: access.functions.into_iter().map(Into::into).collect(),
            services: access.services.into_iter().map(service).collect(),
            changed_since_time: Some(timestamp(access.changed_since)),
        }
    }
}

impl From<FunctionAccess> for wire::FunctionAccess {
    fn from(access: FunctionAccess) -> Self {
        Self {
            function: access.function.to_string(),
            people: access.holders.people,
            names: access.names.iter().map(|name| name.as_str().to_owned()).collect(),
            start_time: access.holders.since.map(timestamp),
            begun: access.holders.begun,
            ended: access.holders.ended,
            reaches: access.reached.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<OwnAccess> for wire::OwnFunction {
    fn from(own: OwnAccess) -> Self {
        let viewer = |(function, data, policies): (Function, DataKind, Vec<Policy>)| wire::Viewer {
            function: function.to_string(),
            data: data as i32,
            reasons: policies.into_iter().map(reason).collect(),
        };
        Self {
            function: own.function.to_string(),
            place_name: own.place_name.unwrap_or_default(),
            start_time: own.term.map(|(from, _)| timestamp(from)),
            end_time: own.term.map(|(_, ends)| timestamp(ends)),
            reaches: own.reached.into_iter().map(Into::into).collect(),
            viewers: own.viewers.into_iter().map(viewer).collect(),
        }
    }
}

impl From<Reached> for wire::Reach {
    fn from(reached: Reached) -> Self {
        let level = match reached.level {
            Level::Sees => wire::AccessLevel::Sees,
            Level::Changes => wire::AccessLevel::Changes,
            Level::Keeps => wire::AccessLevel::Keeps,
        };
        Self {
            data: reached.data as i32,
            level: level.into(),
            reasons: reached.policies.into_iter().map(reason).collect(),
            actions: reached.actions.iter().map(|action| action.name().to_owned()).collect(),
        }
    }
}

fn reason(policy: Policy) -> wire::Reason {
    wire::Reason { policy: policy.id, nl: policy.nl, en: policy.en }
}

impl From<&School> for wire::School {
    fn from(school: &School) -> Self {
        Self {
            school_id: school.id.to_string(),
            institution_number: school.number.to_string(),
            name: school.name.clone(),
            municipality: school.municipality.clone(),
            board: Some((&school.board).into()),
            sites: school.sites.iter().map(Into::into).collect(),
        }
    }
}

impl From<&Board> for wire::Board {
    fn from(board: &Board) -> Self {
        Self { board_id: board.id.to_string(), board_number: board.number.to_string(), name: board.name.clone(), kind: board.kind as i32 }
    }
}

impl From<&Site> for wire::Site {
    fn from(site: &Site) -> Self {
        Self {
            site_id: site.id.to_string(),
            site_number: site.number.to_string(),
            name: site.name.clone(),
            street: site.street.clone(),
            postal_code: site.postal_code.clone(),
            municipality: site.municipality.clone(),
        }
    }
}

impl From<&Contact> for wire::Contact {
    fn from(contact: &Contact) -> Self {
        Self {
            contact_id: contact.id.to_string(),
            school_id: contact.school_id.to_string(),
            name: contact.details.name.as_str().to_owned(),
            phone: contact.details.phone.as_str().to_owned(),
            out_of_hours: contact.details.out_of_hours,
            etag: contact.etag().to_string(),
        }
    }
}

impl From<&GatewayState> for wire::GatewayState {
    fn from(state: &GatewayState) -> Self {
        match state {
            GatewayState::Active { .. } => Self::Active,
            GatewayState::Revoked { .. } => Self::Revoked,
        }
    }
}

impl From<&Gateway> for wire::Gateway {
    fn from(gateway: &Gateway) -> Self {
        let blank = match &gateway.state {
            GatewayState::Active { secret_since, code, .. } => Self {
                secret_time: Some(timestamp(*secret_since)),
                code_expire_time: code.map(|code| timestamp(code.expires)),
                ..Self::default()
            },
            GatewayState::Revoked { at, reason, .. } => {
                Self { revoke_time: Some(timestamp(*at)), revoke_reason: reason.as_str().to_owned(), ..Self::default() }
            }
        };
        Self {
            gateway_id: gateway.id.to_string(),
            school_id: gateway.school_id.to_string(),
            site_id: gateway.site_id.map(|site| site.to_string()).unwrap_or_default(),
            name: gateway.name.as_str().to_owned(),
            state: wire::GatewayState::from(&gateway.state).into(),
            client_id: gateway.client_id(),
            create_time: Some(timestamp(gateway.enrolled_at)),
            etag: gateway.etag().to_string(),
            ..blank
        }
    }
}

impl From<&BadLine> for wire::BadLine {
    fn from(bad_line: &BadLine) -> Self {
        Self {
            line: count(bad_line.line),
            field: bad_line.field.map(|field| field.as_str().to_owned()).unwrap_or_default(),
            reason: bad_line.reason.into_str().to_owned(),
            message: bad_line.message.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use strum::VariantArray as _;

    use super::*;
    use crate::domain::BoardKind;

    #[test]
    fn kinds_of_boards_have_the_numbers_of_the_wire() {
        for kind in BoardKind::VARIANTS {
            let on_the_wire = wire::BoardKind::try_from(*kind as i32).unwrap();
            assert_eq!(on_the_wire.as_str_name(), format!("BOARD_KIND_{}", kind.into_str().to_uppercase()));
        }
        assert!(wire::BoardKind::try_from(i32::try_from(BoardKind::VARIANTS.len()).unwrap() + 1).is_err());
    }

    #[test]
    fn kinds_of_data_have_the_numbers_of_the_wire() {
        for kind in DataKind::ALL {
            let on_the_wire = wire::DataKind::try_from(*kind as i32).unwrap();
            assert_eq!(on_the_wire.as_str_name(), format!("DATA_KIND_{}", kind.into_str().to_uppercase()));
        }
        assert!(wire::DataKind::try_from(i32::try_from(DataKind::ALL.len()).unwrap() + 1).is_err());
    }
}
