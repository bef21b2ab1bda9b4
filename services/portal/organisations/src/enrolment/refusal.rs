//! Why an act on the checks of an organisation was refused.

use portal_frame::Failure;
use tonic::Status;

use super::words::EnrolmentWords;

/// What identity refuses, and the visitor can understand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// Somebody else was faster.
    Changed,
    OwnSchool,
    NoDirector,
    NoToken,
    TokenExpired,
    TooManyTokens,
    TooManyLooks,
    OwnOverride,
    OverrideNotOpen,
    TooManyOverrides,
}

const REASONS: [(&str, Refusal); 9] = [
    ("own_school", Refusal::OwnSchool),
    ("no_director", Refusal::NoDirector),
    ("no_token", Refusal::NoToken),
    ("token_expired", Refusal::TokenExpired),
    ("too_many_tokens", Refusal::TooManyTokens),
    ("too_many_looks", Refusal::TooManyLooks),
    ("own_override", Refusal::OwnOverride),
    ("override_not_open", Refusal::OverrideNotOpen),
    ("too_many_overrides", Refusal::TooManyOverrides),
];

impl Refusal {
    pub(super) fn all() -> impl Iterator<Item = Self> {
        [Self::Changed].into_iter().chain(REASONS.into_iter().map(|(_, refusal)| refusal))
    }

    pub(super) fn of(status: &Status) -> Option<Self> {
        if Failure::is_conflict(status) {
            return Some(Self::Changed);
        }
        REASONS.into_iter().find(|(reason, _)| Failure::has_reason(status, reason)).map(|(_, refusal)| refusal)
    }

    pub(super) const fn text(self, words: EnrolmentWords) -> &'static str {
        match self {
            Self::Changed => words.changed(),
            Self::OwnSchool => words.own_school(),
            Self::NoDirector => words.no_director(),
            Self::NoToken => words.no_token(),
            Self::TokenExpired => words.token_expired(),
            Self::TooManyTokens => words.too_many_tokens(),
            Self::TooManyLooks => words.too_many_looks(),
            Self::OwnOverride => words.own_override(),
            Self::OverrideNotOpen => words.override_not_open(),
            Self::TooManyOverrides => words.too_many_overrides(),
        }
    }
}
