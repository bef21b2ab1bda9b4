//! Who holds a function, and who is asked to take one, as pages need it.

use auth::{Action, Function, Resource};
use chrono::{DateTime, TimeDelta, Utc};
use portal_frame::{
    answer::{Unreadable, given, moment, required_moment, required_text},
    visitor::Visitor,
};
use proto::identity::v1 as wire;

/// Somebody holds a function.
#[derive(Clone, Debug)]
pub(crate) struct Appointment {
    pub(crate) id: String,
    pub(crate) person_id: String,
    /// Empty for a person who was erased.
    pub(crate) name: String,
    pub(crate) email: Option<String>,
    pub(crate) function: Function,
    pub(crate) from: DateTime<Utc>,
    /// The first moment when they no longer hold it, where an end is known.
    pub(crate) until: Option<DateTime<Utc>>,
    /// They hold it until then, unless somebody confirms it.
    pub(crate) confirm_by: DateTime<Utc>,
    /// `person:<id>`.
    pub(crate) appointed_by: String,
    pub(crate) is_open: bool,
    pub(crate) etag: String,
}

/// Somebody is asked to take a function.
#[derive(Clone, Debug)]
pub(crate) struct Invitation {
    pub(crate) id: String,
    pub(crate) email: String,
    pub(crate) function: Function,
    /// The first moment when the function is no longer held, where an end is known.
    pub(crate) until: Option<DateTime<Utc>>,
    pub(crate) expires: Option<DateTime<Utc>>,
    pub(crate) is_expired: bool,
    pub(crate) etag: String,
}

impl Appointment {
    /// A made-up one.
    pub(crate) fn sample() -> Self {
        let now = portal_frame::samples::now();
        Self {
            id: "0190c0de-0000-7000-8000-0000000000a1".to_owned(),
            person_id: "0190c0de-0000-7000-8000-0000000000a2".to_owned(),
            name: "Karim Benali".to_owned(),
            email: Some("karim.benali@zandloper.example".to_owned()),
            function: Function::IctCoordinator(portal_frame::samples::school_id()),
            from: now - TimeDelta::days(340),
            until: None,
            confirm_by: now + TimeDelta::days(25),
            appointed_by: "person:0190c0de-0000-7000-8000-0000000000a2".to_owned(),
            is_open: true,
            etag: "etag".to_owned(),
        }
    }

    /// The first moment when it is no longer held, unless somebody confirms it.
    pub(crate) fn ends(&self) -> DateTime<Utc> {
        self.until.map_or(self.confirm_by, |until| until.min(self.confirm_by))
    }

    /// Whether it ends before this moment because nobody confirmed it.
    pub(crate) fn must_be_confirmed(&self, before: DateTime<Utc>) -> bool {
        self.is_open && self.ends() == self.confirm_by && self.confirm_by < before
    }

    /// Everybody may end their own.
    pub(crate) fn may_be_ended_by(&self, visitor: &Visitor) -> bool {
        self.actor() == visitor.principal().actor() || visitor.may(Action::FunctionEnd, Resource::Function(self.function))
    }

    /// The person, as `appointed_by` names people.
    pub(crate) fn actor(&self) -> String {
        format!("person:{}", self.person_id)
    }
}

impl Invitation {
    /// Made-up ones: one that waits, one whose link is too old.
    pub(crate) fn samples() -> [Self; 2] {
        let now = portal_frame::samples::now();
        let open = Self {
            id: "0190c0de-0000-7000-8000-0000000000b1".to_owned(),
            email: "bram.leys@zandloper.example".to_owned(),
            function: Function::Teacher(portal_frame::samples::school_id()),
            until: Some(now + TimeDelta::days(280)),
            expires: Some(now + TimeDelta::days(4)),
            is_expired: false,
            etag: "etag".to_owned(),
        };
        [open.clone(), Self { is_expired: true, until: None, ..open }]
    }

    /// For how many days more its link is good, the one that has begun included.
    pub(crate) fn days_left(&self, now: DateTime<Utc>) -> i64 {
        let left = self.expires.map_or(TimeDelta::zero(), |expires| expires - now);
        (left + TimeDelta::days(1) - TimeDelta::nanoseconds(1)).num_days().max(0)
    }
}

impl TryFrom<wire::Appointment> for Appointment {
    type Error = Unreadable;

    fn try_from(appointment: wire::Appointment) -> Result<Self, Unreadable> {
        let is_open = match appointment.state() {
            wire::AppointmentState::Open => true,
            wire::AppointmentState::Ended => false,
            wire::AppointmentState::Unspecified => return Err(Unreadable("appointment.state")),
        };
        Ok(Self {
            is_open,
            id: required_text(appointment.appointment_id, "appointment.appointment_id")?,
            person_id: required_text(appointment.person_id, "appointment.person_id")?,
            name: appointment.name,
            email: given(appointment.email),
            function: appointment.function.parse().map_err(|_| Unreadable("appointment.function"))?,
            from: required_moment(appointment.start_time, "appointment.start_time")?,
            until: moment(appointment.end_time),
            confirm_by: required_moment(appointment.confirm_by_time, "appointment.confirm_by_time")?,
            appointed_by: appointment.appointed_by,
            etag: appointment.etag,
        })
    }
}

impl TryFrom<wire::Invitation> for Invitation {
    type Error = Unreadable;

    fn try_from(invitation: wire::Invitation) -> Result<Self, Unreadable> {
        let is_expired = match invitation.state() {
            wire::InvitationState::Expired => true,
            wire::InvitationState::Open | wire::InvitationState::Accepted | wire::InvitationState::Withdrawn => false,
            wire::InvitationState::Unspecified => return Err(Unreadable("invitation.state")),
        };
        Ok(Self {
            is_expired,
            id: required_text(invitation.invitation_id, "invitation.invitation_id")?,
            email: required_text(invitation.email, "invitation.email")?,
            function: invitation.function.parse().map_err(|_| Unreadable("invitation.function"))?,
            until: moment(invitation.end_time),
            expires: moment(invitation.expire_time),
            etag: invitation.etag,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_end_that_is_known_leaves_nothing_to_confirm() {
        let now = portal_frame::samples::now();
        let (soon, later) = (now + TimeDelta::days(60), now + TimeDelta::days(10));
        assert!(Appointment::sample().must_be_confirmed(soon) && !Appointment::sample().must_be_confirmed(later));
        let ending = Appointment { until: Some(later), ..Appointment::sample() };
        assert!(!ending.must_be_confirmed(soon));
        assert_eq!(ending.ends(), later);
    }

    #[test]
    fn a_day_that_has_begun_counts() {
        let [open, _] = Invitation::samples();
        let now = portal_frame::samples::now();
        let left = |hours| open.days_left(now + TimeDelta::hours(hours));
        assert_eq!([left(0), left(1), left(24), left(95), left(97)], [4, 4, 3, 1, 0]);
    }
}
