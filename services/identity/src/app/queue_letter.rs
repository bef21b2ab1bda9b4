//! Puts a letter in the queue of mail.

use auth::Context;
use mail::{Mail, Recipient, Subject, Text};
use runtime::{Error, Result};
use storage::Txn;

use crate::domain::{Email, letter::Letter};

/// It is sent once the transaction commits.
pub(super) async fn queue_letter(txn: &Txn, cx: &Context, to: &Email, letter: &Letter) -> Result<()> {
    let to = Recipient::new(None, to.as_str()).map_err(Error::internal)?;
    let subject = Subject::parse(&letter.subject).map_err(Error::internal)?;
    let text = Text::parse(&letter.text).map_err(Error::internal)?;
    mail::queue(txn, cx, &Mail { to, subject, text, html: None }).await?;
    Ok(())
}
