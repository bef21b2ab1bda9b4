//! How a process sends mail: to a server, into a folder, or not at all.

use std::{
    fmt,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use lettre::message::Mailbox;
use runtime::{config::ConfigError, private_file};

use crate::{
    MailConfig,
    failure::{Failure, Reason},
    letter::Letter,
    smtp::{Accepted, Smtp},
};

/// What a mail may take beside the conversation: a busy database, clocks that differ.
const MARGIN: Duration = Duration::from_secs(120);

/// How a process sends mail, and for how long. The default sends none: mail waits until it is given up.
#[derive(Clone)]
pub struct Mailer(Arc<Inner>);

struct Inner {
    way: Way,
    give_up_after: Duration,
}

/// Where mail goes, and whom it is from.
enum Way {
    Smtp(Smtp, Mailbox),
    Folder(PathBuf, Mailbox),
    Nowhere,
}

impl Default for Mailer {
    /// As in `default.toml`.
    fn default() -> Self {
        Self(Arc::new(Inner { way: Way::Nowhere, give_up_after: Duration::from_secs(48 * 60 * 60) }))
    }
}

impl fmt::Debug for Mailer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let way = match &self.0.way {
            Way::Smtp(..) => "smtp",
            Way::Folder(..) => "folder",
            Way::Nowhere => "nowhere",
        };
        write!(formatter, "Mailer({way})")
    }
}

impl Mailer {
    /// As configured; `folder` is used where neither a server nor a folder is.
    ///
    /// # Errors
    /// The key and what to give, when the CA certificates or the sender's address cannot be read.
    pub fn open(config: &MailConfig, folder: Option<&Path>) -> Result<Self, ConfigError> {
        let from = config.sender()?;
        let way = match (&config.smtp, config.folder.as_deref().or(folder)) {
            (Some(smtp), _) => Way::Smtp(Smtp::new(smtp)?, from),
            (None, Some(folder)) => Way::Folder(folder.to_owned(), from),
            (None, None) => Way::Nowhere,
        };
        Ok(Self(Arc::new(Inner { way, give_up_after: config.give_up_after() })))
    }

    /// How long a mail is tried.
    pub(crate) fn give_up_after(&self) -> Duration {
        self.0.give_up_after
    }

    /// How long a process that took a mail has it for itself: longer than it may need.
    pub(crate) fn lease(&self) -> Duration {
        match &self.0.way {
            Way::Smtp(smtp, _) => smtp.timeout() + MARGIN,
            Way::Folder(..) | Way::Nowhere => MARGIN,
        }
    }

    /// Whether mail is sent at all.
    pub(crate) fn sends(&self) -> bool {
        !matches!(self.0.way, Way::Nowhere)
    }

    /// Answers as soon as the mail is accepted, with the connection if there is one.
    pub(crate) async fn send(&self, letter: &Letter) -> Result<Option<Accepted>, Failure> {
        let message = |from| letter.message(from).map_err(|error| Failure::lasting(Reason::Unreadable, error));
        match &self.0.way {
            Way::Smtp(smtp, from) => smtp.send(letter, from, &message(from)?).await.map(Some),
            Way::Folder(folder, from) => put(folder.join(format!("{}.eml", letter.id)), message(from)?).await.map(|()| None),
            Way::Nowhere => Err(Failure::later(Reason::NotConfigured, "neither mail.smtp nor mail.folder is given")),
        }
    }
}

/// Puts a mail into its file, which others cannot read; the same mail again is the same file.
async fn put(file: PathBuf, message: Vec<u8>) -> Result<(), Failure> {
    let text = String::from_utf8(message).map_err(|error| Failure::lasting(Reason::Unreadable, error))?;
    let writing = tokio::task::spawn_blocking(move || private_file::write(&file, &text));
    let written = writing.await.map_err(|panic| Failure::later(Reason::FolderUnusable, panic))?;
    written.map_err(|error| Failure::later(Reason::FolderUnusable, runtime::error::chain(&error)))
}
