//! E-mail that a service sends: queued in the transaction of the change that causes it, sent afterwards.
//!
//! ```text
//!  change + row of `mail` ──commit──▶ Sender: lease ──▶ SMTP server's 250 ──▶ marked sent, text erased
//!                                        ▲                  │ 4xx, no answer: tried again, later each time
//!                                        └──────────────────┘ 5xx, or tried for too long: given up, with the reason
//! ```
//!
//! A mail is sent if and only if the change was committed. Replicas share the work: each takes a mail with a lease, so that nothing is sent by two,
//! and what a dead process left behind is taken over when the lease ends. A process that dies between the server's 250 and the mark has the
//! mail sent twice, with the same `Message-ID`, by which mail programs show one; this is counted. SMTP allows no better.
//!
//! The queue holds personal data and secrets (an invitation's link). When a mail is sent or given up, its text is erased at once; the row
//! goes in time (`content/retention`). Logs and metrics name a mail by its id. What a server says after it was told the recipient may name them,
//! so of that only the reply codes are kept.
//!
//! # To send mail
//!
//! Add [`AddMail`] to the service's migrations, call [`queue`] where the change is written, and `assembly.send_mail()` in its `build`.
//! [`progress`] says what became of a mail.
//!
//! # What to watch
//!
//! | Metric, by `service` | Says |
//! |---|---|
//! | `mail.backlog`, `mail.oldest_age` | mails that wait; above an hour no server accepts them, or none is configured |
//! | `mail.attempts` | by outcome `sent`, `retried` or `given_up`, and reason. `server_refused` and `unreachable`: our account or our server, so nothing is sent |
//! | `mail.taken_over` | a process ended while it sent these; each may have arrived twice |

mod config;
mod failure;
mod letter;
mod mail;
mod mailer;
mod meters;
mod queue;
mod sender;
mod smtp;

pub use config::{MailConfig, SmtpConfig, Tls};
pub use mail::{AddressRefused, Html, Mail, MailId, Recipient, Subject, Text};
pub use mailer::Mailer;
pub use queue::{AddMail, Progress, aging, erase, progress, queue, tables};
pub use sender::Sender;
