//! Vendors, and how far organisations are proven, as messages.

use chrono::{DateTime, Utc};
use proto::{identity::v1 as wire, time::timestamp};

use crate::domain::{Check, DomainProof, EnrolmentDetails, Override, OverrideState, Requirement, Standing, Subject, Vendor};

impl From<&Vendor> for wire::Vendor {
    fn from(vendor: &Vendor) -> Self {
        Self {
            vendor_id: vendor.id.to_string(),
            enterprise_number: vendor.number.to_string(),
            name: vendor.details.name.as_str().to_owned(),
            domain: vendor.details.domain.to_string(),
            security_contact: vendor.details.security_contact.to_string(),
            etag: vendor.etag().to_string(),
        }
    }
}

/// What an organisation comes to at this moment.
pub fn enrolment(standing: &Standing, now: DateTime<Utc>) -> wire::Enrolment {
    let organisation = match standing.claimed.subject {
        Subject::School(id) => wire::enrolment::Organisation::SchoolId(id.to_string()),
        Subject::Vendor(id) => wire::enrolment::Organisation::VendorId(id.to_string()),
    };
    wire::Enrolment {
        organisation: Some(organisation),
        name: standing.claimed.name.clone(),
        number: standing.claimed.number.clone(),
        level: standing.level(now) as i32,
        level_end_time: standing.level_ends(now).map(timestamp),
    }
}

/// All that is told of one organisation at this moment.
pub fn enrolment_details(details: &EnrolmentDetails, now: DateTime<Utc>) -> wire::EnrolmentDetails {
    wire::EnrolmentDetails {
        enrolment: Some(enrolment(&details.standing, now)),
        requirements: details.requirements.iter().map(|one| requirement(*one, now)).collect(),
        checks: details.checks.iter().map(Into::into).collect(),
        overrides: details.overrides.iter().map(|one| override_at(one, now)).collect(),
        domain_proof: details.domain_proof.as_ref().map(Into::into),
    }
}

fn requirement(requirement: Requirement, now: DateTime<Utc>) -> wire::Requirement {
    let end = requirement.until.filter(|until| *until < DateTime::<Utc>::MAX_UTC);
    let holds = requirement.until.is_some_and(|until| now < until);
    wire::Requirement { kind: requirement.kind as i32, end_time: end.map(timestamp), holds }
}

impl From<&DomainProof> for wire::DomainProof {
    fn from(proof: &DomainProof) -> Self {
        Self {
            record_name: proof.record_name(),
            record_value: proof.record_value(),
            place_by_time: Some(timestamp(proof.place_by)),
            last_look_time: proof.last_look.map(|look| timestamp(look.at)),
            last_outcome: proof.last_look.map_or(0, |look| look.outcome as i32),
            next_look_time: proof.next_look.map(timestamp),
        }
    }
}

impl From<&Check> for wire::Check {
    fn from(check: &Check) -> Self {
        Self {
            check_id: check.id.to_string(),
            kind: check.kind as i32,
            value: check.value.clone(),
            made_by: check.made_by.clone(),
            check_time: Some(timestamp(check.at)),
            end_time: check.until.map(timestamp),
            evidence_sha256: check.evidence.to_string(),
            outcome: check.outcome as i32,
            reason: check.reason.clone(),
        }
    }
}

fn override_at(one: &Override, now: DateTime<Utc>) -> wire::Override {
    let (state, expires) = match one.state {
        OverrideState::Proposed { expires } if one.is_open(now) => (wire::OverrideState::Proposed, Some(expires)),
        OverrideState::Proposed { expires } => (wire::OverrideState::Expired, Some(expires)),
        OverrideState::Agreed { .. } if now < one.until => (wire::OverrideState::Agreed, None),
        OverrideState::Agreed { .. } | OverrideState::Ended { .. } => (wire::OverrideState::Ended, None),
    };
    wire::Override {
        override_id: one.id.to_string(),
        kind: one.kind as i32,
        reason: one.reason.as_str().to_owned(),
        end_time: Some(timestamp(one.until)),
        proposed_by: format!("person:{}", one.proposed_by),
        propose_time: Some(timestamp(one.proposed_at)),
        state: state.into(),
        expire_time: expires.map(timestamp),
        etag: one.etag().to_string(),
        about: one.about.clone().unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use strum::VariantArray as _;

    use super::*;
    use crate::domain::{CheckKind, CheckOutcome, EnrolmentLevel};

    #[test]
    fn levels_kinds_and_outcomes_have_the_numbers_of_the_wire() {
        for level in EnrolmentLevel::VARIANTS {
            let on_the_wire = wire::EnrolmentLevel::try_from(*level as i32).unwrap();
            assert_eq!(on_the_wire.as_str_name(), format!("ENROLMENT_LEVEL_{}", level.into_str().to_uppercase()));
        }
        for kind in CheckKind::VARIANTS {
            let on_the_wire = wire::CheckKind::try_from(*kind as i32).unwrap();
            assert_eq!(on_the_wire.as_str_name(), format!("CHECK_KIND_{}", kind.into_str().to_uppercase()));
        }
        for outcome in CheckOutcome::VARIANTS {
            let on_the_wire = wire::CheckOutcome::try_from(*outcome as i32).unwrap();
            assert_eq!(on_the_wire.as_str_name(), format!("CHECK_OUTCOME_{}", outcome.into_str().to_uppercase()));
        }
        assert!(wire::EnrolmentLevel::try_from(i32::try_from(EnrolmentLevel::VARIANTS.len()).unwrap() + 1).is_err());
        assert!(wire::CheckKind::try_from(i32::try_from(CheckKind::VARIANTS.len()).unwrap() + 1).is_err());
        assert!(wire::CheckOutcome::try_from(i32::try_from(CheckOutcome::VARIANTS.len()).unwrap() + 1).is_err());
    }
}
