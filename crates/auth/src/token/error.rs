//! Why a token was not accepted, and what its bearer should do.

use std::time::Duration;

use runtime::Error;

/// While no key is known at all (the issuer starts later than we do), the issuer is asked again this soon.
pub(super) const FIRST_FETCH_PAUSE: Duration = Duration::from_secs(1);

/// Why a token was not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// Not a signed token of ours.
    #[error("token is malformed")]
    Malformed,
    /// Signed with a key the issuer does not have.
    #[error("token is signed with an unknown key")]
    UnknownKey,
    /// Signed with a key we do not know, and the issuer cannot be asked just now whether it is a new one.
    #[error("token is signed with a key that is not known yet")]
    KeyNotKnownYet {
        /// When it can be asked again.
        retry_after: Duration,
    },
    /// The signature does not hold.
    #[error("token's signature is wrong")]
    BadSignature,
    /// From another issuer.
    #[error("token comes from another issuer")]
    WrongIssuer,
    /// For another audience.
    #[error("token is meant for another audience")]
    WrongAudience,
    /// Too old.
    #[error("token has expired")]
    Expired,
    #[error("token is not valid yet")]
    NotYetValid,
    /// An ID token, or another kind.
    #[error("token is not an access token")]
    NotAnAccessToken,
    /// No logout token, or one that lacks a part or has one too many.
    #[error("token is not a logout token")]
    NotALogoutToken,
    /// Its subject or functions make no sense.
    #[error("token names no person, service or gateway")]
    NoSubject,
    /// The issuer's keys could not be had, and none are known yet.
    #[error("the issuer cannot be reached")]
    IssuerAway,
}

impl TokenError {
    /// Whether the token is wrong; otherwise nobody can say just now.
    pub const fn is_refusal(self) -> bool {
        !matches!(self, Self::IssuerAway | Self::KeyNotKnownYet { .. })
    }

    /// Stable, snake_case.
    pub const fn reason(self) -> &'static str {
        match self {
            Self::Malformed => "token_malformed",
            Self::UnknownKey => "token_key_unknown",
            Self::KeyNotKnownYet { .. } => "token_key_not_known_yet",
            Self::BadSignature => "token_signature_wrong",
            Self::WrongIssuer => "token_issuer_wrong",
            Self::WrongAudience => "token_audience_wrong",
            Self::Expired => "token_expired",
            Self::NotYetValid => "token_not_yet_valid",
            Self::NotAnAccessToken => "token_type_wrong",
            Self::NotALogoutToken => "logout_token_wrong",
            Self::NoSubject => "token_subject_missing",
            Self::IssuerAway => "issuer_unavailable",
        }
    }
}

impl From<TokenError> for Error {
    fn from(error: TokenError) -> Self {
        match error {
            TokenError::IssuerAway => Self::unavailable(error.reason(), error).with_retry_after(FIRST_FETCH_PAUSE),
            TokenError::KeyNotKnownYet { retry_after } => Self::unavailable(error.reason(), error).with_retry_after(retry_after),
            _ => Self::unauthenticated(error.reason(), format!("{error}; sign in again")),
        }
    }
}
