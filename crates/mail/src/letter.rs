//! A row of the queue as a message (RFC 5322).

use chrono::{DateTime, Utc};
use lettre::{
    Address, Message,
    message::{
        Mailbox, MultiPart, SinglePart,
        header::{HeaderName, HeaderValue},
    },
};

use crate::MailId;

/// Says that no person wrote this, so that no absence is answered to it (RFC 3834).
const AUTO_SUBMITTED: HeaderName = HeaderName::new_from_ascii_str("Auto-Submitted");

/// A mail that is to be sent.
#[derive(Clone)]
pub(crate) struct Letter {
    pub id: MailId,
    pub to: Mailbox,
    pub subject: String,
    pub text: String,
    pub html: Option<String>,
    pub queued_at: DateTime<Utc>,
}

impl Letter {
    pub(crate) fn address(&self) -> &Address {
        &self.to.email
    }

    /// The bytes to send. What identifies the mail is the same at every try: `Message-ID` and `Date`.
    pub(crate) fn message(&self, from: &Mailbox) -> Result<Vec<u8>, lettre::error::Error> {
        let builder = Message::builder()
            .from(from.clone())
            .to(self.to.clone())
            .subject(self.subject.clone())
            .date(self.queued_at.into())
            .message_id(Some(format!("<{}@{}>", self.id, from.email.domain())))
            .raw_header(HeaderValue::new(AUTO_SUBMITTED, "auto-generated".to_owned()));
        let text = SinglePart::plain(self.text.clone());
        let message = match &self.html {
            Some(html) => builder.multipart(MultiPart::alternative().singlepart(text).singlepart(SinglePart::html(html.clone())))?,
            None => builder.singlepart(text)?,
        };
        Ok(message.formatted())
    }
}
