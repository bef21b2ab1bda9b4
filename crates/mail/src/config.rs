//! `[mail]` of the configuration.

use std::{path::PathBuf, time::Duration};

use lettre::message::Mailbox;
use runtime::config::{ConfigError, Secret, is_loopback_host};
use serde::Deserialize;

/// RFC 2606: an address that nobody has.
const NOBODY: &str = "Schildwacht <schildwacht@schildwacht.example>";

/// How a process sends mail.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MailConfig {
    /// Whom mail is from: `Schildwacht <schildwacht@example.org>`.
    pub from: String,
    /// Where mail is put as files, in place of a server.
    pub folder: Option<PathBuf>,
    /// The server that mail is handed to.
    pub smtp: Option<SmtpConfig>,
    /// How long a mail is tried.
    pub give_up_hours: u32,
}

/// `[mail.smtp]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SmtpConfig {
    pub host: String,
    /// Unset: the usual one for `tls`.
    pub port: Option<u16>,
    #[serde(default)]
    pub tls: Tls,
    #[serde(default)]
    pub user: String,
    #[serde(default = "no_password")]
    pub password: Secret,
    /// CA certificates (PEM), trusted beside those of the system.
    pub ca_file: Option<PathBuf>,
    /// How long a whole conversation about one mail may take.
    #[serde(default = "five_minutes")]
    pub timeout_seconds: u64,
}

/// How a connection is encrypted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tls {
    /// From the first byte (RFC 8314).
    #[default]
    Implicit,
    /// From the server's consent on; a server that gives none is not spoken to.
    Starttls,
    /// Not at all: on loopback only.
    None,
}

fn no_password() -> Secret {
    Secret::new("")
}

/// Servers that look into a mail before they accept it take minutes (RFC 5321, section 4.5.3.2); to hang up earlier is to send it twice.
const fn five_minutes() -> u64 {
    300
}

impl MailConfig {
    /// Refuses what cannot work.
    ///
    /// # Errors
    /// The key and what to give.
    pub fn validate(&self) -> Result<(), ConfigError> {
        if self.folder.is_some() && self.smtp.is_some() {
            return Err(ConfigError::at("mail.folder", "leave it out, or leave out mail.smtp: mail goes to one of them"));
        }
        self.sender()?;
        if self.give_up_hours == 0 {
            return Err(ConfigError::at(
                "mail.give_up_hours",
                "give 1 or more: a mail that is refused for the moment would be given up at once",
            ));
        }
        self.smtp.as_ref().map_or(Ok(()), SmtpConfig::validate)
    }

    /// Whom mail is from; nobody, where nothing is handed to a server and nobody was given.
    pub(crate) fn sender(&self) -> Result<Mailbox, ConfigError> {
        let advice = "give whom mail is from, with an address that your mail server sends for: Schildwacht <schildwacht@example.org>";
        let from = if self.from.is_empty() && self.smtp.is_none() { NOBODY } else { &self.from };
        let mailbox = from.parse::<Mailbox>().ok().filter(|_| from.is_ascii());
        mailbox.ok_or_else(|| ConfigError::at("mail.from", advice))
    }

    pub(crate) fn give_up_after(&self) -> Duration {
        Duration::from_secs(u64::from(self.give_up_hours) * 60 * 60)
    }
}

impl SmtpConfig {
    /// The port that was given, or the usual one (RFC 8314, section 3).
    pub fn port(&self) -> u16 {
        self.port.unwrap_or(match self.tls {
            Tls::Implicit => 465,
            Tls::Starttls => 587,
            Tls::None => 25,
        })
    }

    fn validate(&self) -> Result<(), ConfigError> {
        if self.host.is_empty() {
            return Err(ConfigError::at("mail.smtp.host", "name the mail server, as it is in its certificate"));
        }
        // Also within a mesh: mail is handed to servers outside it, with a password and with what schools are told.
        if self.tls == Tls::None && !is_loopback_host(&self.host) {
            return Err(ConfigError::at(
                "mail.smtp.tls",
                "give \"implicit\" or \"starttls\": only a server on loopback is spoken to in clear",
            ));
        }
        if self.user.is_empty() != self.password.expose().is_empty() {
            return Err(ConfigError::at("mail.smtp.user", "give mail.smtp.user and mail.smtp.password, or neither"));
        }
        if self.timeout_seconds == 0 {
            return Err(ConfigError::at("mail.smtp.timeout_seconds", "give 1 or more; a server may need minutes to accept a mail"));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(given: &str) -> Result<(), String> {
        let defaults = "from = \"Schildwacht <schildwacht@example.org>\"\ngive_up_hours = 48\n";
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), given).unwrap();
        let config: MailConfig = runtime::config::load(defaults, Some(file.path())).unwrap();
        config.validate().map_err(|refused| refused.to_string())
    }

    #[test]
    fn what_cannot_work_is_refused_with_its_key() {
        for (given, key) in [
            ("folder = \"/m\"\nsmtp.host = \"a.example\"", "mail.folder"),
            ("from = \"\"\nsmtp.host = \"a.example\"", "mail.from"),
            ("from = \"Schildwacht\"", "mail.from"),
            ("from = \"a@example.org\\r\\nBcc: b@example.org\"", "mail.from"),
            ("give_up_hours = 0", "mail.give_up_hours"),
            ("smtp.host = \"\"", "mail.smtp.host"),
            ("smtp = { host = \"a.example\", tls = \"none\" }", "mail.smtp.tls"),
            ("smtp = { host = \"10.0.0.7\", tls = \"none\" }", "mail.smtp.tls"),
            ("smtp = { host = \"a.example\", user = \"schildwacht\" }", "mail.smtp.user"),
            ("smtp = { host = \"a.example\", password = \"hunter2\" }", "mail.smtp.user"),
            ("smtp = { host = \"a.example\", timeout_seconds = 0 }", "mail.smtp.timeout_seconds"),
        ] {
            let refused = judged(given).unwrap_err();
            assert!(refused.starts_with(&format!("configuration: {key}: ")) && !refused.contains("hunter2"), "{given}: {refused}");
        }
    }

    #[test]
    fn a_server_with_tls_a_server_on_loopback_a_folder_or_nothing_is_accepted() {
        for given in [
            "",
            "from = \"\"",
            "from = \"\"\nfolder = \"/m\"",
            "smtp = { host = \"a.example\", user = \"schildwacht\", password = \"0f3a9c41\" }",
            "smtp = { host = \"a.example\", tls = \"starttls\" }",
            "smtp = { host = \"127.0.0.1\", tls = \"none\", port = 2525 }",
        ] {
            assert_eq!(judged(given), Ok(()), "{given}");
        }
    }
}
