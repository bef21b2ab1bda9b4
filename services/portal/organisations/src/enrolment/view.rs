//! How far one organisation is proven, as its page needs it.

use chrono::{DateTime, Utc};
use portal_frame::answer::{Unreadable, WireEnum as _, moment, required_moment, required_text};
use proto::identity::v1 as wire;

use crate::enrolments::EnrolmentRow;

/// How far one organisation is proven.
#[derive(Clone, Debug)]
pub(crate) struct Details {
    pub(crate) row: EnrolmentRow,
    pub(crate) requirements: Vec<Requirement>,
    pub(crate) checks: Vec<Check>,
    pub(crate) overrides: Vec<Override>,
    pub(crate) proof: Option<Proof>,
}

/// A kind of check, and whether it holds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Requirement {
    pub(crate) kind: wire::CheckKind,
    pub(crate) holds: bool,
    /// Until when it holds, or held.
    pub(crate) end: Option<DateTime<Utc>>,
}

/// A check that was made.
#[derive(Clone, Debug)]
pub(crate) struct Check {
    pub(crate) kind: wire::CheckKind,
    pub(crate) at: DateTime<Utc>,
    pub(crate) made_by: String,
    pub(crate) outcome: wire::CheckOutcome,
    pub(crate) reason: String,
    pub(crate) evidence: String,
}

/// Two operators let a check count as passed, or are to.
#[derive(Clone, Debug)]
pub(crate) struct Override {
    pub(crate) id: String,
    pub(crate) kind: wire::CheckKind,
    /// The name or the domain that it is about; empty for a school.
    pub(crate) about: String,
    pub(crate) reason: String,
    pub(crate) end: DateTime<Utc>,
    pub(crate) proposed_by: String,
    pub(crate) state: wire::OverrideState,
    pub(crate) etag: String,
}

/// The record that a vendor is to place.
#[derive(Clone, Debug)]
pub(crate) struct Proof {
    pub(crate) name: String,
    pub(crate) value: String,
    pub(crate) place_by: DateTime<Utc>,
    pub(crate) last_look: Option<DateTime<Utc>>,
    pub(crate) next_look: Option<DateTime<Utc>>,
}

impl TryFrom<wire::EnrolmentDetails> for Details {
    type Error = Unreadable;

    fn try_from(details: wire::EnrolmentDetails) -> Result<Self, Unreadable> {
        let enrolment = details.enrolment.ok_or(Unreadable("enrolment_details.enrolment"))?;
        Ok(Self {
            row: enrolment.try_into()?,
            requirements: details.requirements.into_iter().map(TryInto::try_into).collect::<Result<_, Unreadable>>()?,
            checks: details.checks.into_iter().map(TryInto::try_into).collect::<Result<_, Unreadable>>()?,
            overrides: details.overrides.into_iter().map(TryInto::try_into).collect::<Result<_, Unreadable>>()?,
            proof: details.domain_proof.map(TryInto::try_into).transpose()?,
        })
    }
}

impl TryFrom<wire::Requirement> for Requirement {
    type Error = Unreadable;

    fn try_from(requirement: wire::Requirement) -> Result<Self, Unreadable> {
        let kind = wire::CheckKind::known(requirement.kind, "requirement.kind")?;
        Ok(Self { kind, holds: requirement.holds, end: moment(requirement.end_time) })
    }
}

impl TryFrom<wire::Check> for Check {
    type Error = Unreadable;

    fn try_from(check: wire::Check) -> Result<Self, Unreadable> {
        Ok(Self {
            kind: wire::CheckKind::known(check.kind, "check.kind")?,
            outcome: wire::CheckOutcome::known(check.outcome, "check.outcome")?,
            at: required_moment(check.check_time, "check.check_time")?,
            made_by: required_text(check.made_by, "check.made_by")?,
            reason: check.reason,
            evidence: required_text(check.evidence_sha256, "check.evidence_sha256")?,
        })
    }
}

impl TryFrom<wire::Override> for Override {
    type Error = Unreadable;

    fn try_from(one: wire::Override) -> Result<Self, Unreadable> {
        Ok(Self {
            kind: wire::CheckKind::known(one.kind, "override.kind")?,
            state: wire::OverrideState::known(one.state, "override.state")?,
            end: required_moment(one.end_time, "override.end_time")?,
            id: required_text(one.override_id, "override.override_id")?,
            proposed_by: required_text(one.proposed_by, "override.proposed_by")?,
            etag: required_text(one.etag, "override.etag")?,
            reason: one.reason,
            about: one.about,
        })
    }
}

impl TryFrom<wire::DomainProof> for Proof {
    type Error = Unreadable;

    fn try_from(proof: wire::DomainProof) -> Result<Self, Unreadable> {
        Ok(Self {
            name: required_text(proof.record_name, "domain_proof.record_name")?,
            value: required_text(proof.record_value, "domain_proof.record_value")?,
            place_by: required_moment(proof.place_by_time, "domain_proof.place_by_time")?,
            last_look: moment(proof.last_look_time),
            next_look: moment(proof.next_look_time),
        })
    }
}

impl Check {
    /// The first characters of the evidence's hash: enough to find the row in the audit trail.
    pub(crate) fn short_evidence(&self) -> String {
        self.evidence.chars().take(12).collect()
    }
}
