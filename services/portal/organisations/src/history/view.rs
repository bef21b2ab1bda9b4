//! What happened, as the page needs it.

use auth::Function;
use chrono::{DateTime, Utc};
use portal_frame::answer::{Unreadable, WireEnum as _, given, required_moment, required_text};
use proto::{
    history::v1::{HistoryEntry, HistoryKind},
    incident_intake::v1::CasePhase,
};

/// Something that somebody did.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Entry {
    pub(crate) id: String,
    pub(crate) at: DateTime<Utc>,
    pub(crate) kind: HistoryKind,
    pub(crate) actor: Actor,
    /// `person:<id>`.
    pub(crate) actor_id: String,
    pub(crate) deed: Deed,
    /// As policies name it.
    pub(crate) action: String,
    /// `case:<id>`.
    pub(crate) resource: String,
    /// What people call it.
    pub(crate) name: Option<String>,
    /// Of the page that begins after this entry.
    pub(crate) next_page_token: String,
}

/// Who did it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Actor {
    Person { name: Option<String>, function: Option<Function> },
    Schildwacht,
}

/// What they did.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Deed {
    ReadCase,
    OpenedCase,
    AttachedAlert,
    RaisedSeverity,
    TookCase,
    GaveCase,
    GaveCaseBack,
    ChangedPhase(CasePhase),
    WroteNote,
    ClosedCase,
    ReopenedCase,
    RemovedCase,
    /// `None`: of all schools.
    ExportedCases(Option<i64>),
    ExportedDevices(i64),
    ReadHistory,
    ExportedAccess,
    ExportedHistory,
    AddedContact,
    ChangedContact,
    RemovedContact,
    EnrolledGateway,
    RotatedSecret,
    GaveCode,
    RedeemedCode,
    RevokedGateway,
    Invited(Function),
    InvitedAgain(Function),
    WithdrewInvitation(Function),
    AcceptedInvitation(Function),
    GotFunction(Function),
    Appointed(Function),
    EndedFunction(Function),
    ConfirmedFunction(Function),
    Reminded,
    AddedSchool,
    UpdatedSchool,
    CheckedDirector,
    ConfirmedSchool,
    ProposedOverride,
    AgreedOverride,
    EndedOverride,
    SuppressedAlerts,
    EndedSuppression,
    /// Newer than this release.
    Unknown,
}

impl Entry {
    /// The newest first, in the order of the services.
    pub(crate) fn order(&self) -> impl Ord + use<> {
        std::cmp::Reverse((self.at, self.id.clone()))
    }

    /// The page of the case it is about.
    pub(crate) fn href(&self) -> Option<String> {
        self.resource.strip_prefix("case:").map(|id| format!("/zaken/{id}"))
    }

    /// Whether this and an earlier entry are of one look at this page: each service puts it on record.
    pub(crate) fn is_of_the_same_look(&self, earlier: &Self) -> bool {
        let is_look = matches!(self.deed, Deed::ReadHistory | Deed::ExportedHistory);
        is_look && self.deed == earlier.deed && self.actor_id == earlier.actor_id && (self.at - earlier.at).num_seconds() < 60
    }
}

impl TryFrom<HistoryEntry> for Entry {
    type Error = Unreadable;

    fn try_from(entry: HistoryEntry) -> Result<Self, Unreadable> {
        let deed = deed(&entry).unwrap_or(Deed::Unknown);
        let is_person = entry.actor.starts_with("person:");
        let person = || Actor::Person { name: given(entry.actor_name.clone()), function: entry.actor_function.parse().ok() };
        Ok(Self {
            actor: if is_person { person() } else { Actor::Schildwacht },
            deed,
            at: required_moment(entry.time, "history_entry.time")?,
            kind: HistoryKind::known(entry.kind, "history_entry.kind")?,
            id: required_text(entry.entry_id, "history_entry.entry_id")?,
            actor_id: required_text(entry.actor, "history_entry.actor")?,
            action: required_text(entry.action, "history_entry.action")?,
            resource: entry.resource,
            // Who got a function is the actor, who has a name already.
            name: given(entry.resource_name).filter(|_| !matches!(deed, Deed::GotFunction(_))),
            next_page_token: entry.next_page_token,
        })
    }
}

/// `None` for what this release does not know.
fn deed(entry: &HistoryEntry) -> Option<Deed> {
    let detail = |name: &str| entry.details.get(name).map(String::as_str).unwrap_or_default();
    let is_self = |name: &str| entry.actor.strip_prefix("person:") == Some(detail(name));
    let rows = || detail("rows").parse().ok();
    let function = || detail("function").parse::<Function>().ok();
    Some(match (entry.action.as_str(), detail("change")) {
        ("case.read", _) => Deed::ReadCase,
        ("case.open", "opened") => Deed::OpenedCase,
        ("case.open", "alert_attached") => Deed::AttachedAlert,
        ("case.open", "severity_raised") => Deed::RaisedSeverity,
        ("case.assign", _) if detail("to").is_empty() => Deed::GaveCaseBack,
        ("case.assign", _) if is_self("to") => Deed::TookCase,
        ("case.assign", _) => Deed::GaveCase,
        ("case.change_phase", _) => Deed::ChangedPhase(CasePhase::from_code(detail("to"))?),
        ("case.note", _) => Deed::WroteNote,
        ("case.close", _) => Deed::ClosedCase,
        ("case.reopen", _) => Deed::ReopenedCase,
        ("retention.run", "removed") => Deed::RemovedCase,
        ("case.export", _) if entry.resource == "platform" => Deed::ExportedCases(None),
        ("case.export", _) => Deed::ExportedCases(Some(rows()?)),
        ("device.export", _) => Deed::ExportedDevices(rows()?),
        ("access.export", _) => Deed::ExportedAccess,
        ("history.read", _) => Deed::ReadHistory,
        ("history.export", _) => Deed::ExportedHistory,
        ("contact.edit", "created") => Deed::AddedContact,
        ("contact.edit", "updated") => Deed::ChangedContact,
        ("contact.edit", "deleted") => Deed::RemovedContact,
        ("gateway.enrol", _) => Deed::EnrolledGateway,
        ("gateway.rotate", _) => Deed::RotatedSecret,
        ("gateway.code", _) => Deed::GaveCode,
        ("gateway.redeem", _) => Deed::RedeemedCode,
        ("gateway.revoke", _) => Deed::RevokedGateway,
        ("function.grant", "invited") => Deed::Invited(function()?),
        ("function.grant", "resent") => Deed::InvitedAgain(function()?),
        ("function.grant", "appointed") if is_self("person") => Deed::GotFunction(function()?),
        ("function.grant", "appointed") => Deed::Appointed(function()?),
        ("function.end", "withdrawn") => Deed::WithdrewInvitation(function()?),
        ("function.end", "ended") => Deed::EndedFunction(function()?),
        ("function.confirm", _) => Deed::ConfirmedFunction(function()?),
        ("function.remind", _) => Deed::Reminded,
        ("invitation.accept", _) => Deed::AcceptedInvitation(function()?),
        ("organisation.import", "created") => Deed::AddedSchool,
        ("organisation.import", "updated") => Deed::UpdatedSchool,
        ("enrolment.check", "director_checked") => Deed::CheckedDirector,
        ("enrolment.confirm", _) => Deed::ConfirmedSchool,
        ("enrolment.override", "override_proposed") => Deed::ProposedOverride,
        ("enrolment.override", "override_agreed") => Deed::AgreedOverride,
        ("enrolment.override", "override_ended") => Deed::EndedOverride,
        ("suppression.create", _) => Deed::SuppressedAlerts,
        ("suppression.delete", _) => Deed::EndedSuppression,
        _ => return None,
    })
}
