//! What a verified token says.

use chrono::{DateTime, Utc};

use crate::{Principal, SignIn};

/// What a verified token says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedToken {
    pub principal: Principal,
    pub sign_in: SignIn,
    /// Until when.
    pub expires_at: DateTime<Utc>,
}
