//! Signing in more surely, or anew, for something weighty: to the issuer and back, with nothing lost that was filled in.

use std::time::Duration;

use auth::Principal;
use serde::{Deserialize, Serialize};
use storage::{Cache, cache::CacheError};
use tonic::Status;
use tonic_types::StatusExt as _;

use crate::{area::Message, form::Fields, session::SessionError};

/// A form waits this long for its sender.
const WAITS: Duration = Duration::from_secs(15 * 60);
/// More is not kept here, but given back to be copied. Far above what any form of ours takes.
const MAX_KEPT_BYTES: usize = 64 * 1024;
/// Longer than all methods of the register together.
const MAX_ACR_VALUES_BYTES: usize = 1_500;

/// Said on the page that was wanted; a file has to be asked for once more.
pub const SIGNED_IN_AGAIN: Message =
    Message { code: "opnieuw-aangemeld", texts: ["U bent opnieuw aangemeld en kunt verder.", "You have signed in again and can go on."] };

/// What a service asks of a sign-in (RFC 9470).
#[derive(Clone, Debug, PartialEq, Eq)]
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
    pub fn of_address(fields: &Fields) -> Option<Self> {
        let acr_values = fields.text("acr");
        let is_sound =
            acr_values.len() <= MAX_ACR_VALUES_BYTES && acr_values.chars().all(|letter| letter == ' ' || letter.is_ascii_graphic());
        (!acr_values.is_empty() && is_sound)
            .then(|| Self { acr_values: acr_values.to_owned(), max_age: fields.text("seconden").parse().ok() })
    }
}

/// A form that waits while its sender signs in again.
#[derive(Clone, Serialize, Deserialize)]
pub struct WaitingForm {
    id: String,
    /// Where it was sent.
    pub address: String,
    /// The page it is on.
    pub page: String,
    /// Without the secret of the session that was.
    pub fields: Fields,
    /// What a person took time to write.
    pub written: Option<String>,
}

impl WaitingForm {
    /// For the samples of the page that shows one.
    pub fn sample(address: &str, written: Option<&str>) -> Self {
        let fields = Fields::of_address("reden=Gestolen");
        Self { id: "form".to_owned(), address: address.to_owned(), page: address.to_owned(), fields, written: written.map(str::to_owned) }
    }
}

/// Those of all persons, each at most one: the last. So nobody fills the cache.
pub struct WaitingForms(Cache);

impl WaitingForms {
    pub const fn new(cache: Cache) -> Self {
        Self(cache)
    }

    /// Keeps a form, and says where it goes on; `None` when it is too long to be kept.
    pub(crate) async fn keep(
        &self,
        sender: &Principal,
        address: String,
        page: String,
        fields: &Fields,
        written: Option<&str>,
    ) -> Result<Option<String>, SessionError> {
        if fields.bytes() > MAX_KEPT_BYTES {
            return Ok(None);
        }
        let id = crate::session::random_text()?;
        let fields = fields.without("csrf");
        let form = WaitingForm { id: id.clone(), address, page, fields, written: written.map(str::to_owned) };
        self.0.put(&key(sender), &form, WAITS).await?;
        Ok(Some(format!("/aanmelden/verder/{id}")))
    }

    /// The form of this name, if it is this person's and still waits.
    ///
    /// # Errors
    /// When the cache is unavailable.
    pub async fn find(&self, sender: &Principal, id: &str) -> Result<Option<WaitingForm>, CacheError> {
        let form: Option<WaitingForm> = self.0.get(&key(sender)).await?;
        Ok(form.filter(|form| form.id == id))
    }
}

fn key(sender: &Principal) -> String {
    format!("waiting-form:{}", sender.actor())
}

#[cfg(test)]
mod tests {
    use runtime::Error;

    use super::*;

    #[test]
    fn what_a_service_asks_for_reaches_the_sign_in() {
        let asked = StepUp::of(&Error::step_up(&["urn:a".to_owned(), "urn:b".to_owned()], Some(Duration::from_secs(300))).into()).unwrap();
        assert_eq!(asked, StepUp { acr_values: "urn:a urn:b".to_owned(), max_age: Some(300) });
        let address = asked.sign_in_address("/zaken/7?bewijs=2");
        assert_eq!(address, "/aanmelden?terug=%2Fzaken%2F7%3Fbewijs%3D2&acr=urn%3Aa+urn%3Ab&seconden=300");
        let fields = Fields::of_address(address.split_once('?').unwrap().1);
        assert_eq!((StepUp::of_address(&fields), fields.text("terug")), (Some(asked), "/zaken/7?bewijs=2"));
        assert_eq!(StepUp::of(&Status::unauthenticated("token_expired")), None);
    }

    #[test]
    fn an_address_that_asks_for_nothing_sensible_asks_for_nothing() {
        let too_long = format!("acr={}", "a".repeat(MAX_ACR_VALUES_BYTES + 1));
        for question in ["", "acr=", "acr=%0d%0a", "acr=%C3%A9", &too_long] {
            assert_eq!(StepUp::of_address(&Fields::of_address(question)), None, "{question}");
        }
    }

    #[tokio::test]
    async fn a_form_waits_for_its_sender_alone() {
        let person =
            |name: &str| Principal { subject: auth::Subject::Service(name.to_owned()), name: String::new(), functions: Vec::new() };
        let (one, other) = (person("one"), person("other"));
        let forms = WaitingForms::new(Cache::in_process("test"));
        let fields = Fields::of_address("csrf=secret&reden=gestolen");
        let keep = async |fields: &Fields| forms.keep(&one, "/x".to_owned(), "/".to_owned(), fields, None).await.unwrap();
        let address = keep(&fields).await.unwrap();
        let id = address.strip_prefix("/aanmelden/verder/").unwrap();
        let form = forms.find(&one, id).await.unwrap().unwrap();
        assert_eq!((form.fields.given("csrf"), form.fields.text("reden")), (None, "gestolen"));
        assert!(forms.find(&other, id).await.unwrap().is_none());
        assert!(forms.find(&one, "made up").await.unwrap().is_none());
        keep(&fields).await.unwrap();
        assert!(forms.find(&one, id).await.unwrap().is_none(), "the last of a person takes the place of the one before");
        let long = Fields::of_address(&format!("tekst={}", "a".repeat(MAX_KEPT_BYTES)));
        assert_eq!(keep(&long).await, None);
    }
}
