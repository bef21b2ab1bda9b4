//! One mail, one conversation with the SMTP server (RFC 5321).
//!
//! Step by step, rather than with lettre's transport, for two reasons. What a server refuses before it knows the recipient is no fault of the mail, so a
//! wrong password must not make us give up every mail that waits. And each answer must be one to what was asked: with a server that answers twice, lettre
//! would take an earlier 250 for "accepted".

use std::{fs, time::Duration};

use lettre::{
    message::Mailbox,
    transport::smtp::{
        Error as SmtpError,
        authentication::{Credentials, Mechanism},
        client::{AsyncSmtpConnection, Certificate, TlsParameters},
        commands::{Data, Mail, Rcpt},
        extension::ClientId,
        response::{Response, Severity},
    },
};
use runtime::config::ConfigError;

use crate::{
    SmtpConfig, Tls,
    failure::{Failure, Reason},
    letter::Letter,
};

/// PLAIN and LOGIN, which every server that asks for a password has; the connection is encrypted.
const MECHANISMS: &[Mechanism] = &[Mechanism::Plain, Mechanism::Login];
/// How long a server may take to say goodbye.
const GOODBYE: Duration = Duration::from_secs(5);

/// The server that mail is handed to.
#[derive(Clone)]
pub(crate) struct Smtp {
    host: String,
    port: u16,
    encryption: Encryption,
    credentials: Option<Credentials>,
    timeout: Duration,
}

#[derive(Clone)]
enum Encryption {
    Implicit(TlsParameters),
    Starttls(TlsParameters),
    None,
}

/// A connection on which a mail was accepted.
pub(crate) struct Accepted(AsyncSmtpConnection);

impl Accepted {
    /// Takes leave, as is polite; nothing depends on it any more.
    pub(crate) async fn goodbye(mut self) {
        let _gone = tokio::time::timeout(GOODBYE, self.0.abort()).await;
    }
}

impl Smtp {
    pub(crate) fn new(config: &SmtpConfig) -> Result<Self, ConfigError> {
        let encryption = match config.tls {
            Tls::Implicit => Encryption::Implicit(tls(config)?),
            Tls::Starttls => Encryption::Starttls(tls(config)?),
            Tls::None => Encryption::None,
        };
        let credentials = (!config.user.is_empty()).then(|| Credentials::new(config.user.clone(), config.password.expose().to_owned()));
        let timeout = Duration::from_secs(config.timeout_seconds);
        Ok(Self { host: config.host.clone(), port: config.port(), encryption, credentials, timeout })
    }

    /// How long [`Smtp::send`] takes at most.
    pub(crate) const fn timeout(&self) -> Duration {
        self.timeout
    }

    /// Returns right after the server's 250.
    pub(crate) async fn send(&self, letter: &Letter, from: &Mailbox, message: &[u8]) -> Result<Accepted, Failure> {
        let conversation = async {
            let mut connection = self.connect(from).await.map_err(|error| Failure::before_the_recipient(&error))?;
            let handed_over = hand_over(&mut connection, letter, from, message).await;
            match handed_over {
                Ok(()) => Ok(Accepted(connection)),
                Err(failure) => {
                    Accepted(connection).goodbye().await;
                    Err(failure)
                }
            }
        };
        let too_long = |_| Failure::later(Reason::NoAnswer, format!("no answer within {} s", self.timeout.as_secs()));
        tokio::time::timeout(self.timeout, conversation).await.map_err(too_long)?
    }

    /// An encrypted connection on which mail may be sent.
    async fn connect(&self, from: &Mailbox) -> Result<AsyncSmtpConnection, SmtpError> {
        // A name that is ours; the machine's own, often that of a pod, means nothing outside.
        let hello = ClientId::Domain(from.email.domain().to_owned());
        let from_the_first_byte = match &self.encryption {
            Encryption::Implicit(tls) => Some(tls.clone()),
            Encryption::Starttls(_) | Encryption::None => None,
        };
        let server = (self.host.as_str(), self.port);
        let mut connection = AsyncSmtpConnection::connect_tokio1(server, Some(self.timeout), &hello, from_the_first_byte, None).await?;
        if let Encryption::Starttls(tls) = &self.encryption {
            connection.starttls(tls.clone(), &hello).await?;
        }
        if let Some(credentials) = &self.credentials {
            connection.auth(MECHANISMS, credentials).await?;
        }
        Ok(connection)
    }
}

async fn hand_over(connection: &mut AsyncSmtpConnection, letter: &Letter, from: &Mailbox, message: &[u8]) -> Result<(), Failure> {
    // 5xx here: it does not let us send for this address, and the next mail would fare no better.
    let sender = connection.command(Mail::new(Some(from.email.clone()), Vec::new())).await;
    is(Severity::PositiveCompletion, sender.map_err(|error| Failure::before_the_recipient(&error))?)?;
    let recipient = connection.command(Rcpt::new(letter.address().clone(), Vec::new())).await;
    is(Severity::PositiveCompletion, recipient.map_err(|error| Failure::about_the_mail(&error))?)?;
    let go_on = connection.command(Data).await;
    is(Severity::PositiveIntermediate, go_on.map_err(|error| Failure::about_the_mail(&error))?)?;
    let accepted = connection.message(message).await;
    is(Severity::PositiveCompletion, accepted.map_err(|error| Failure::about_the_mail(&error))?)
}

fn is(expected: Severity, answer: Response) -> Result<(), Failure> {
    if answer.code().severity == expected { Ok(()) } else { Err(Failure::out_of_turn(&answer)) }
}

fn tls(config: &SmtpConfig) -> Result<TlsParameters, ConfigError> {
    let mut parameters = TlsParameters::builder(config.host.clone());
    if let Some(file) = &config.ca_file {
        let refuse = |problem: &dyn std::fmt::Display| ConfigError::at("mail.smtp.ca_file", format!("{}: {problem}", file.display()));
        let pem = fs::read(file).map_err(|error| refuse(&error))?;
        parameters = parameters.add_root_certificate(Certificate::from_pem(&pem).map_err(|_| refuse(&"give certificates in PEM"))?);
    }
    parameters.build().map_err(|error| ConfigError::at("mail.smtp", runtime::error::chain(&error)))
}
