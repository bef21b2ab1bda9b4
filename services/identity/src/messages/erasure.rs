//! Erasures as messages.

use chrono::{DateTime, Utc};
use proto::{identity::v1 as wire, time::timestamp};

use crate::domain::{ErasureDetails, ErasureState, PersonName};

/// An erasure as it is at this moment.
pub fn erasure(ErasureDetails { erasure, effect }: &ErasureDetails, now: DateTime<Utc>) -> wire::Erasure {
    let (state, expires) = match erasure.state {
        ErasureState::Proposed if erasure.is_open(now) => (wire::ErasureState::Proposed, Some(erasure.expires())),
        ErasureState::Proposed => (wire::ErasureState::Expired, Some(erasure.expires())),
        ErasureState::Agreed { .. } => (wire::ErasureState::Agreed, None),
        ErasureState::Withdrawn { .. } => (wire::ErasureState::Withdrawn, None),
    };
    wire::Erasure {
        erasure_id: erasure.id.to_string(),
        person_id: erasure.person.to_string(),
        reason: erasure.reason.as_str().to_owned(),
        proposed_by: format!("person:{}", erasure.proposed_by),
        propose_time: Some(timestamp(erasure.proposed_at)),
        state: state.into(),
        expire_time: expires.map(timestamp),
        etag: erasure.etag().to_string(),
        name: effect.name.as_ref().map(PersonName::as_str).unwrap_or_default().to_owned(),
        functions: effect.functions.iter().map(ToString::to_string).collect(),
        last_functions: effect.last_functions.iter().map(ToString::to_string).collect(),
    }
}
