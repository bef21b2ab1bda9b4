//! A surer or a more recent sign-in that a caller is asked for (RFC 9470), as it travels: over gRPC in `google.rpc.ErrorInfo`, over HTTP in
//! `WWW-Authenticate`.

use std::{collections::HashMap, time::Duration};

use http::HeaderValue;
use serde::{Deserialize, Serialize};
use tonic_types::StatusExt as _;

/// The reason of [`crate::ErrorKind::StepUpRequired`].
pub const STEP_UP_REQUIRED: &str = "step_up_required";

/// How a caller must sign in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepUp {
    /// The methods that would do, the weakest first.
    pub acr_values: Vec<String>,
    /// How long ago they may have signed in.
    pub max_age: Option<Duration>,
}

impl StepUp {
    /// All methods together are one parameter of an address.
    pub const MOST_ACR_BYTES: usize = 1_500;

    /// What this refusal asks for; `None` where it asks for no sign-in.
    pub fn of(status: &tonic::Status) -> Option<Self> {
        let info = status.get_details_error_info().filter(|info| info.reason == STEP_UP_REQUIRED)?;
        let acr_values = info.metadata.get("acr_values").into_iter().flat_map(|values| values.split_whitespace());
        let max_age = info.metadata.get("max_age").and_then(|seconds| seconds.parse().ok());
        Some(Self { acr_values: acr_values.map(ToOwned::to_owned).collect(), max_age: max_age.map(Duration::from_secs) })
    }

    /// For `google.rpc.ErrorInfo`: `acr_values`, and where it matters `max_age` in seconds.
    pub(crate) fn metadata(&self) -> HashMap<String, String> {
        let max_age = self.max_age.map(|max_age| ("max_age".to_owned(), max_age.as_secs().to_string()));
        [("acr_values".to_owned(), self.acr_values.join(" "))].into_iter().chain(max_age).collect()
    }

    /// For `WWW-Authenticate`.
    pub(crate) fn challenge(&self) -> Option<HeaderValue> {
        let acr_values = self.acr_values.join(" ");
        let max_age = self.max_age.map(|max_age| format!(", max_age=\"{}\"", max_age.as_secs())).unwrap_or_default();
        HeaderValue::try_from(format!("Bearer error=\"insufficient_user_authentication\", acr_values=\"{acr_values}\"{max_age}")).ok()
    }

    /// For the caller to read.
    pub(crate) fn message(&self) -> String {
        match self.max_age {
            None => "sign in again, in a surer way".to_owned(),
            Some(max_age) => format!("sign in again: this asks for a sure sign-in of the last {} minutes", max_age.as_secs() / 60),
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::response::IntoResponse as _;
    use http::{StatusCode, header};

    use super::*;
    use crate::Error;

    fn asked() -> StepUp {
        StepUp { acr_values: vec!["urn:weak".to_owned(), "urn:strong".to_owned()], max_age: Some(Duration::from_secs(300)) }
    }

    #[test]
    fn how_to_sign_in_travels_over_grpc_and_http() {
        let status = tonic::Status::from(Error::step_up(asked()));
        let info = status.get_details_error_info().unwrap();
        assert_eq!((info.reason.as_str(), info.metadata["acr_values"].as_str()), (STEP_UP_REQUIRED, "urn:weak urn:strong"));
        assert_eq!(info.metadata["max_age"], "300");
        assert_eq!(StepUp::of(&status), Some(asked()), "and is read as it was sent");
        let response = Error::step_up(asked()).into_response();
        let expected = r#"Bearer error="insufficient_user_authentication", acr_values="urn:weak urn:strong", max_age="300""#;
        assert_eq!(
            (response.status(), response.headers()[header::WWW_AUTHENTICATE].to_str().unwrap()),
            (StatusCode::UNAUTHORIZED, expected)
        );
        let info = tonic::Status::from(Error::step_up(StepUp { max_age: None, ..asked() })).get_details_error_info().unwrap();
        assert!(!info.metadata.contains_key("max_age"));
        assert_eq!(StepUp::of(&tonic::Status::unauthenticated("token_expired")), None);
    }
}
