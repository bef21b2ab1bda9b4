//! A surer or a more recent sign-in that a service asks for, on its way to the issuer.

use serde::{Deserialize, Serialize};
use tonic::Status;
use tonic_types::StatusExt as _;

/// Longer than all methods of the register together.
const MAX_ACR_VALUES_BYTES: usize = 1_500;

/// What a service asks of a sign-in (RFC 9470).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepUp {
    /// Methods that would do, with spaces between them.
    pub acr_values: String,
    pub max_age: Option<u64>,
}

impl StepUp {
    /// What this refusal asks for.
    pub(crate) fn of(status: &Status) -> Option<Self> {
        let info = status.get_details_error_info().filter(|info| info.reason == runtime::error::STEP_UP_REQUIRED)?;
        let max_age = info.metadata.get("max_age").and_then(|seconds| seconds.parse().ok());
        Some(Self { acr_values: info.metadata.get("acr_values").cloned().unwrap_or_default(), max_age })
    }

    /// Where a sign-in begins that does what is asked and leads back to a page.
    pub(crate) fn sign_in_address(&self, back: &str) -> String {
        let mut question = url::form_urlencoded::Serializer::new(String::new());
        question.append_pair("terug", back).append_pair("acr", &self.acr_values);
        question.extend_pairs(self.max_age.map(|seconds| ("seconden", seconds.to_string())));
        format!("/aanmelden?{}", question.finish())
    }

    /// What the address of a sign-in asks for. Anybody can write one: it asks the issuer for more, and what counts is what the services
    /// make of the outcome.
    pub fn of_address(acr_values: &str, seconds: &str) -> Option<Self> {
        let is_sound =
            acr_values.len() <= MAX_ACR_VALUES_BYTES && acr_values.chars().all(|letter| letter == ' ' || letter.is_ascii_graphic());
        (!acr_values.is_empty() && is_sound).then(|| Self { acr_values: acr_values.to_owned(), max_age: seconds.parse().ok() })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use runtime::Error;

    use super::*;
    use crate::fields::Fields;

    fn read(question: &str) -> Option<StepUp> {
        let fields = Fields::of_address(question);
        StepUp::of_address(fields.text("acr"), fields.text("seconden"))
    }

    #[test]
    fn what_a_service_asks_for_reaches_the_sign_in() {
        let asked = StepUp::of(&Error::step_up(&["urn:a".to_owned(), "urn:b".to_owned()], Some(Duration::from_secs(300))).into()).unwrap();
        assert_eq!(asked, StepUp { acr_values: "urn:a urn:b".to_owned(), max_age: Some(300) });
        let address = asked.sign_in_address("/zaken/7?bewijs=2");
        assert_eq!(address, "/aanmelden?terug=%2Fzaken%2F7%3Fbewijs%3D2&acr=urn%3Aa+urn%3Ab&seconden=300");
        assert_eq!(read(address.split_once('?').unwrap().1), Some(asked));
        assert_eq!(StepUp::of(&Status::unauthenticated("token_expired")), None);
    }

    #[test]
    fn an_address_that_asks_for_nothing_sensible_asks_for_nothing() {
        let too_long = format!("acr={}", "a".repeat(MAX_ACR_VALUES_BYTES + 1));
        for question in ["", "acr=", "acr=%0d%0a", "acr=%C3%A9", &too_long] {
            assert_eq!(read(question), None, "{question}");
        }
    }
}
