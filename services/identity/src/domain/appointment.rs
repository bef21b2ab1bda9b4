//! Appointments: a person holds a function, from one moment until another.

use std::fmt;

use auth::{Function, Resource, Role};
use chrono::{DateTime, Days, Utc};
use runtime::{Error, Etag, Line, PersonId};

use super::{Email, Reminder};

runtime::typed_ids! {
    /// An appointment.
    AppointmentId
}

/// Somebody who holds functions, or did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    pub id: PersonId,
    /// `None`: they were erased.
    pub details: Option<PersonDetails>,
}

/// Who a person is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PersonDetails {
    pub name: PersonName,
    /// Where they were invited.
    pub email: Email,
}

/// As their identity provider says it.
pub type PersonName = Line<120>;

/// Why somebody stops.
pub type EndReason = Line<200>;

/// A person holds a function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Appointment {
    pub id: AppointmentId,
    pub person: Person,
    pub function: Function,
    pub from: DateTime<Utc>,
    /// The first moment when they no longer hold it; `None`: no end is known.
    pub until: Option<DateTime<Utc>>,
    /// They hold it until then, unless somebody confirms it.
    pub confirm_by: DateTime<Utc>,
    /// The last reminder that was sent since it was made or confirmed.
    pub reminded: Option<Reminder>,
    /// As audit rows name them.
    pub appointed_by: String,
    /// Counts changes from 1; the etag.
    pub version: u32,
}

/// What happened to an appointment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case", const_into_str)]
pub enum AppointmentChange {
    Appointed,
    Ended,
    Confirmed,
}

/// Why an act was refused. All is as it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum AppointmentRefusal {
    #[error("nobody appoints or confirms themselves; ask a colleague who may")]
    OwnFunction,
    #[error("your own authority ends at {0}; give an end that is not later")]
    OutlivesAuthority(DateTime<Utc>),
    #[error("this person holds that function already; end it first, or choose another term")]
    AlreadyHeld,
    #[error("this function has ended; appoint the person again")]
    AlreadyEnded,
    #[error("nobody would be left to look after this place; appoint a successor first, or ask who stands above it")]
    LastAdministrator,
}

impl From<AppointmentRefusal> for Error {
    fn from(refusal: AppointmentRefusal) -> Self {
        Self::failed_precondition(refusal.into(), refusal.to_string())
    }
}

impl Person {
    pub const fn known(id: PersonId, name: PersonName, email: Email) -> Self {
        Self { id, details: Some(PersonDetails { name, email }) }
    }

    /// Empty for a person who was erased.
    pub fn name(&self) -> &str {
        self.details.as_ref().map_or("", |details| details.name.as_str())
    }

    /// Where letters go, unless they were erased.
    pub fn email(&self) -> Option<&Email> {
        self.details.as_ref().map(|details| &details.email)
    }
}

/// When a function is to be held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Term {
    pub from: DateTime<Utc>,
    /// The first moment when it is no longer held.
    pub until: Option<DateTime<Utc>>,
}

impl Term {
    /// An end after the beginning.
    pub fn new(from: DateTime<Utc>, until: Option<DateTime<Utc>>) -> Option<Self> {
        until.is_none_or(|until| from < until).then_some(Self { from, until })
    }

    /// A term within somebody's authority, which ends then.
    pub fn within(self, authority: Option<DateTime<Utc>>) -> Result<Self, AppointmentRefusal> {
        match authority {
            Some(end) if self.until.is_none_or(|until| until > end) => Err(AppointmentRefusal::OutlivesAuthority(end)),
            _ => Ok(self),
        }
    }
}

/// Where a function holds, as rows name it. A function of nobody's but its holder's own things has none, and is not given here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place(pub Resource);

impl Place {
    pub fn of(function: Function) -> Option<Self> {
        function.place().map(Self)
    }
}

impl fmt::Display for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

/// Whether who holds it looks after the people of its place, so that the place must never be without one.
pub fn administers(function: Function) -> bool {
    matches!(Role::from(function), Role::Operator | Role::BoardMember | Role::Director | Role::VendorContact)
}

impl Appointment {
    /// How long a confirmation holds.
    const YEAR: Days = Days::new(365);

    pub fn appoint(id: AppointmentId, person: Person, function: Function, term: Term, appointed_by: String) -> (Self, AppointmentChange) {
        let Term { from, until } = term;
        let confirm_by = from + Self::YEAR;
        let appointment = Self { id, person, function, from, until, confirm_by, reminded: None, appointed_by, version: 1 };
        (appointment, AppointmentChange::Appointed)
    }

    /// Says that the person still holds it, for a year from now.
    pub fn confirm(&mut self, now: DateTime<Utc>) -> Result<AppointmentChange, AppointmentRefusal> {
        self.require_open(now)?;
        self.confirm_by = now + Self::YEAR;
        self.reminded = None;
        self.version += 1;
        Ok(AppointmentChange::Confirmed)
    }

    /// Sets its last moment: `at`, or now where that is past.
    pub fn end(&mut self, at: DateTime<Utc>, now: DateTime<Utc>) -> Result<AppointmentChange, AppointmentRefusal> {
        self.require_open(now)?;
        self.until = Some(at.max(now));
        self.version += 1;
        Ok(AppointmentChange::Ended)
    }

    /// The first moment when it is no longer held, unless somebody confirms it.
    pub fn ends(&self) -> DateTime<Utc> {
        self.until.map_or(self.confirm_by, |until| until.min(self.confirm_by))
    }

    /// Whether the person holds it, or will.
    pub fn is_open(&self, now: DateTime<Utc>) -> bool {
        now < self.ends()
    }

    /// When the next reminder is due; `None`: all were sent, or its end is known and a confirmation would not move it.
    pub fn remind_at(&self) -> Option<DateTime<Utc>> {
        let next = match self.reminded {
            None => Reminder::Month,
            Some(Reminder::Month) => Reminder::Week,
            Some(Reminder::Week) => return None,
        };
        self.needs_confirmation().then(|| next.due_at(self.confirm_by))
    }

    /// The reminder that is due now; where several are, the last alone.
    pub fn due_reminder(&self, now: DateTime<Utc>) -> Option<Reminder> {
        let is_due = self.is_open(now) && self.remind_at().is_some_and(|due_at| due_at <= now);
        let is_last_due = Reminder::Week.due_at(self.confirm_by) <= now;
        is_due.then_some(if is_last_due { Reminder::Week } else { Reminder::Month })
    }

    /// Whether it is held, or will be, and ends for want of a confirmation.
    pub fn awaits_confirmation(&self, now: DateTime<Utc>) -> bool {
        self.is_open(now) && self.needs_confirmation()
    }

    /// Whether a confirmation would move its end.
    fn needs_confirmation(&self) -> bool {
        self.until.is_none_or(|until| self.confirm_by < until)
    }

    fn require_open(&self, now: DateTime<Utc>) -> Result<(), AppointmentRefusal> {
        if self.is_open(now) { Ok(()) } else { Err(AppointmentRefusal::AlreadyEnded) }
    }

    /// Names this version of it: changes with every change.
    pub fn etag(&self) -> Etag {
        Etag::new(format!("{}.{}", self.id.as_uuid().simple(), self.version))
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn moment(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    fn director(until: Option<&str>) -> Appointment {
        let name = PersonName::parse("Els Vermeulen").unwrap();
        let person = Person::known(Uuid::from_u128(1).into(), name, "els@zandloper.example".try_into().unwrap());
        let term = Term::new(moment("2026-09-01T00:00:00Z"), until.map(moment)).unwrap();
        Appointment::appoint(Uuid::from_u128(2).into(), person, Function::Director(Uuid::from_u128(3).into()), term, "person:4".to_owned())
            .0
    }

    #[test]
    fn a_function_that_nobody_confirms_ends_after_a_year() {
        let mut appointment = director(None);
        assert_eq!(appointment.ends(), moment("2027-09-01T00:00:00Z"));
        let before = appointment.version;
        appointment.confirm(moment("2027-08-31T23:59:59Z")).unwrap();
        assert_eq!(appointment.version, before + 1);
        assert_eq!(appointment.ends(), moment("2028-08-30T23:59:59Z"), "365 days from then; 2028 is a leap year");
        let late = appointment.confirm(appointment.ends());
        assert_eq!(late, Err(AppointmentRefusal::AlreadyEnded));
    }

    #[test]
    fn an_end_that_is_known_comes_before_the_year_is_over() {
        let mut appointment = director(Some("2026-12-24T00:00:00Z"));
        assert_eq!(appointment.ends(), moment("2026-12-24T00:00:00Z"));
        assert!(appointment.is_open(moment("2026-12-23T23:59:59Z")) && !appointment.is_open(moment("2026-12-24T00:00:00Z")));
        appointment.confirm(moment("2026-12-01T00:00:00Z")).unwrap();
        assert_eq!(appointment.ends(), moment("2026-12-24T00:00:00Z"), "a confirmation does not prolong a term");
    }

    #[test]
    fn an_end_in_the_past_is_now() {
        let mut appointment = director(None);
        let now = moment("2026-11-29T10:00:00Z");
        appointment.end(moment("2026-11-01T00:00:00Z"), now).unwrap();
        assert_eq!((appointment.ends(), appointment.version), (now, 2), "what was done until now was done in function");
        assert_eq!(appointment.end(now, now), Err(AppointmentRefusal::AlreadyEnded));
    }

    #[test]
    fn an_end_may_be_moved_as_long_as_it_has_not_come() {
        let mut appointment = director(Some("2026-12-24T00:00:00Z"));
        appointment.end(moment("2027-01-31T00:00:00Z"), moment("2026-12-01T00:00:00Z")).unwrap();
        assert_eq!(appointment.ends(), moment("2027-01-31T00:00:00Z"));
    }

    #[test]
    fn nobody_gives_longer_than_they_have_themselves() {
        let term = |until: Option<&str>| Term::new(moment("2026-09-01T00:00:00Z"), until.map(moment)).unwrap();
        let authority = moment("2027-06-30T00:00:00Z");
        assert!(term(Some("2027-06-30T00:00:00Z")).within(Some(authority)).is_ok());
        assert_eq!(term(Some("2027-06-30T00:00:01Z")).within(Some(authority)), Err(AppointmentRefusal::OutlivesAuthority(authority)));
        assert_eq!(term(None).within(Some(authority)), Err(AppointmentRefusal::OutlivesAuthority(authority)));
        assert!(term(None).within(None).is_ok());
    }

    #[test]
    fn each_reminder_is_due_once_until_the_function_is_confirmed() {
        let mut appointment = director(None);
        let at = |text: &str| moment(&format!("2027-{text}Z"));
        assert_eq!(appointment.due_reminder(at("08-02T05:59:59")), None);
        assert_eq!(appointment.due_reminder(at("08-02T06:00:00")), Some(Reminder::Month));
        appointment.reminded = Some(Reminder::Month);
        assert_eq!(appointment.due_reminder(at("08-25T05:59:59")), None);
        assert_eq!(appointment.due_reminder(at("08-25T06:00:00")), Some(Reminder::Week));
        appointment.reminded = Some(Reminder::Week);
        assert_eq!(appointment.due_reminder(at("08-31T23:59:59")), None);
        appointment.confirm(at("08-31T23:59:59")).unwrap();
        assert_eq!(appointment.due_reminder(moment("2028-07-31T06:00:00Z")), Some(Reminder::Month), "30 days before the next end");
    }

    #[test]
    fn of_reminders_that_were_missed_the_last_is_due_and_none_after_the_end() {
        let appointment = director(None);
        assert_eq!(appointment.due_reminder(moment("2027-08-25T05:59:59Z")), Some(Reminder::Month));
        assert_eq!(appointment.due_reminder(moment("2027-08-25T06:00:00Z")), Some(Reminder::Week));
        assert_eq!(appointment.due_reminder(moment("2027-08-31T23:59:59Z")), Some(Reminder::Week));
        assert_eq!(appointment.due_reminder(moment("2027-09-01T00:00:00Z")), None, "it has ended");
    }

    #[test]
    fn an_end_that_a_confirmation_does_not_move_needs_no_reminder() {
        let late = moment("2027-08-26T00:00:00Z");
        assert_eq!(director(Some("2027-08-31T00:00:00Z")).due_reminder(late), None);
        assert_eq!(director(Some("2027-09-01T00:00:00Z")).due_reminder(late), None, "the same moment");
        assert_eq!(director(Some("2027-09-01T00:00:01Z")).due_reminder(late), Some(Reminder::Week));
    }

    #[test]
    fn a_term_ends_after_it_begins() {
        let from = moment("2026-09-01T00:00:00Z");
        assert_eq!(Term::new(from, Some(from)), None);
    }
}
