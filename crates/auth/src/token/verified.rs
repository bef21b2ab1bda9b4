//! What a verified token says.

use chrono::{DateTime, Utc};

use crate::{AcmClaims, Principal, SignIn};

/// What a verified token says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedToken {
    /// With the functions that the token names; those of ACM's roles are beside them ([`crate::Policies::caller`]).
    pub principal: Principal,
    pub sign_in: SignIn,
    /// Until when.
    pub expires_at: DateTime<Utc>,
    /// Of a person who came through ACM.
    pub acm: Option<AcmClaims>,
}
