//! Forms that wait while their senders sign in again: what a person took time to write is not lost.
//!
//! A form waits for its sender in the browser that sent it: a cookie has its name, so that nobody else, with a session of theirs, can put a form
//! before them to be sent with a surer one. Of each person the last one waits, until its time is over. Sent twice it does its work once: by
//! its etag or its request id.

use std::time::Duration;

use auth::Principal;
use serde::{Deserialize, Serialize};
use storage::{Cache, cache::CacheError};

use crate::{
    fields::Fields,
    session::{Keep, SessionError},
};

/// Has the name of the form that waits in this browser.
pub const WAITING_COOKIE: &str = "verder";
/// Where it goes on.
pub const GO_ON: &str = "/aanmelden/verder";
/// A form waits this long for its sender.
const WAITS: Duration = Duration::from_secs(15 * 60);
/// And its cookie.
pub(crate) const COOKIE_WAITS: Keep = Keep::Seconds(15 * 60);
/// More is not kept here, but given back to be copied. Far above what any form of ours takes.
const MAX_KEPT_BYTES: usize = 64 * 1024;

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
    pub written: String,
}

impl WaitingForm {
    /// For the samples of the page that shows one.
    pub fn sample(address: &str, written: &str) -> Self {
        let fields = Fields::of_address("reden=Gestolen");
        Self { id: "form".to_owned(), address: address.to_owned(), page: address.to_owned(), fields, written: written.to_owned() }
    }
}

/// Those of all persons, each at most one: the last. So nobody fills the cache.
pub struct WaitingForms(Cache);

impl WaitingForms {
    pub const fn new(cache: Cache) -> Self {
        Self(cache)
    }

    /// Keeps a form, and answers its name; `None` when it is too long to be kept.
    pub(crate) async fn keep(
        &self,
        sender: &Principal,
        address: String,
        page: String,
        fields: &Fields,
        written: &str,
    ) -> Result<Option<String>, SessionError> {
        if fields.bytes() > MAX_KEPT_BYTES {
            return Ok(None);
        }
        let id = crate::session::random_text()?;
        let fields = fields.without("csrf");
        let form = WaitingForm { id: id.clone(), address, page, fields, written: written.to_owned() };
        self.0.put(&key(sender), &form, WAITS).await?;
        Ok(Some(id))
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
    use super::*;

    #[tokio::test]
    async fn a_form_waits_for_its_sender_alone() {
        let person =
            |name: &str| Principal { subject: auth::Subject::Service(name.to_owned()), name: String::new(), functions: Vec::new() };
        let (one, other) = (person("one"), person("other"));
        let forms = WaitingForms::new(Cache::in_process("test"));
        let fields = Fields::of_address("csrf=secret&reden=gestolen");
        let keep = async |fields: &Fields| forms.keep(&one, "/x".to_owned(), "/".to_owned(), fields, "gestolen").await.unwrap();
        let id = &keep(&fields).await.unwrap();
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
