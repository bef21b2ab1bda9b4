//! Why a mail was not accepted, without who it was for.

use std::fmt;

use lettre::transport::smtp::{Error as SmtpError, response::Response};

/// Permanent for the server, and no word about the mail (RFC 5321, section 4.2.3; RFC 4954, section 6).
const BAD_SEQUENCE: u16 = 503;
const SIGN_IN_REQUIRED: u16 = 530;

/// What is tried again and what is not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Failure {
    /// Not accepted now.
    Later { reason: Reason, detail: String },
    /// Never accepted: the server refuses the recipient or the text.
    Final { reason: Reason, detail: String },
}

/// A closed set: a label of the metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case", const_into_str)]
pub(crate) enum Reason {
    /// Nothing is configured that sends.
    NotConfigured,
    /// No connection, or none that is encrypted and verified.
    Unreachable,
    /// The server does not let us in, or refuses whom mail is from: our configuration, or its trouble.
    ServerRefused,
    /// It may accept this mail later (4xx).
    Postponed,
    /// It never accepts this mail (5xx).
    Refused,
    /// It stopped answering, hung up, or answered in no known form.
    NoAnswer,
    /// It answered something else than what was asked.
    NotUnderstood,
    /// The folder cannot be written to.
    FolderUnusable,
    /// The row cannot be made into a mail.
    Unreadable,
}

impl Failure {
    pub(crate) fn later(reason: Reason, detail: impl fmt::Display) -> Self {
        Self::Later { reason, detail: detail.to_string() }
    }

    pub(crate) fn lasting(reason: Reason, detail: impl fmt::Display) -> Self {
        Self::Final { reason, detail: detail.to_string() }
    }

    /// Of a server that does not know the recipient yet, so that all it says may be logged.
    pub(crate) fn before_the_recipient(error: &SmtpError) -> Self {
        let reason = if error.status().is_some() { Reason::ServerRefused } else { Reason::Unreachable };
        let tls = runtime::tls::complaint(error, "mail.smtp.ca_file");
        Self::later(reason, tls.unwrap_or_else(|| printable(&error.to_string())))
    }

    /// Of a server that knows the recipient, and repeats them as it likes: only its codes are kept.
    pub(crate) fn about_the_mail(error: &SmtpError) -> Self {
        let Some(code) = error.status() else {
            return Self::later(Reason::NoAnswer, "the server hung up, or answered in no known form");
        };
        let codes = match said(error).split_whitespace().next().filter(|word| is_enhanced_code(word)) {
            Some(enhanced) => format!("{code} {enhanced}"),
            None => code.to_string(),
        };
        match u16::from(code) {
            BAD_SEQUENCE => Self::later(Reason::NotUnderstood, codes),
            SIGN_IN_REQUIRED => Self::later(Reason::ServerRefused, codes),
            _ if error.is_permanent() => Self::lasting(Reason::Refused, codes),
            _ => Self::later(Reason::Postponed, codes),
        }
    }

    /// Of a positive answer to another question.
    pub(crate) fn out_of_turn(answer: &Response) -> Self {
        Self::later(Reason::NotUnderstood, format!("the server answered {} where that is no answer", answer.code()))
    }
}

/// The server's words, or the client's.
fn said(error: &SmtpError) -> String {
    std::error::Error::source(error).map(ToString::to_string).unwrap_or_default()
}

/// RFC 3463: `5.1.1`.
fn is_enhanced_code(word: &str) -> bool {
    let parts: Vec<&str> = word.split('.').collect();
    let is_number = |part: &&str| (1..=3).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit());
    parts.len() == 3 && parts.iter().all(is_number)
}

/// On one line, and short.
fn printable(text: &str) -> String {
    const LONGEST: usize = 300;
    let is_shown = |character: char| !character.is_control() && !runtime::is_hidden(character);
    text.chars().map(|character| if is_shown(character) { character } else { ' ' }).take(LONGEST).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_enhanced_code_is_three_numbers() {
        assert!(is_enhanced_code("5.1.1") && is_enhanced_code("4.7.650"));
        for word in ["5.1", "5.1.1.1", "5..1", "jan.p.1", "5.1.1234", ""] {
            assert!(!is_enhanced_code(word), "{word}");
        }
    }

    #[test]
    fn what_a_server_says_is_one_short_line() {
        assert_eq!(printable("a\r\nb\u{1b}[31m\u{202e}c"), "a  b [31m c");
        assert_eq!(printable(&"a".repeat(10_000)).len(), 300);
    }
}
