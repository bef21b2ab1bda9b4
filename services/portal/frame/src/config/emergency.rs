//! Whom a school calls on a bad day.

use content::Text;
use runtime::{Phone, config::ConfigError};
use serde::Deserialize;

/// `[portal.emergency_line]`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EmergencyLine {
    /// What it is called: "Noodlijn".
    pub name: Text,
    /// As people dial it: `0800 12 345`, `+32 2 123 45 67`.
    pub phone: String,
    /// For what can wait.
    pub mail: Option<String>,
    /// Opening hours, shown after the number: "dag en nacht".
    pub hours: Option<Text>,
}

/// A number for a link, RFC 3966: `tel:080012345`.
pub fn dialled(phone: &str) -> String {
    let is_dialled = |character: &char| character.is_ascii_digit() || *character == '+';
    format!("tel:{}", phone.chars().filter(is_dialled).collect::<String>())
}

impl EmergencyLine {
    /// For the demo: a number that is in use nowhere.
    pub fn example() -> Self {
        let text = |nl: &str, en: &str| Text { nl: nl.to_owned(), en: en.to_owned() };
        Self {
            name: text("Noodlijn (voorbeeld)", "Emergency line (example)"),
            phone: "0800 00 000".to_owned(),
            mail: Some("noodlijn@schildwacht.example".to_owned()),
            hours: Some(text("dag en nacht", "day and night")),
        }
    }

    /// The number for a link.
    pub fn dialled(&self) -> String {
        dialled(&self.phone)
    }

    pub fn validate(&self) -> Result<(), ConfigError> {
        Phone::try_from(self.phone.as_str()).map_err(|why| ConfigError::at("portal.emergency_line.phone", why))?;
        let is_address = |mail: &String| {
            let is_plain = |part: &str| {
                !part.is_empty() && part.chars().all(|character| character.is_ascii_alphanumeric() || ".-_+".contains(character))
            };
            mail.split_once('@').is_some_and(|(name, host)| is_plain(name) && is_plain(host))
        };
        if !self.mail.as_ref().is_none_or(is_address) {
            return Err(ConfigError::at("portal.emergency_line.mail", "give one address, noodlijn@schildwacht.example; or leave it out"));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_phone(phone: &str) -> EmergencyLine {
        EmergencyLine { phone: phone.to_owned(), ..EmergencyLine::example() }
    }

    #[test]
    fn a_number_is_shown_as_written_and_dialled_without_what_is_between() {
        for (written, dialled) in [("0800 00 000", "tel:080000000"), ("+32 (2) 123.45-67", "tel:+3221234567"), ("112", "tel:112")] {
            let line = with_phone(written);
            line.validate().unwrap();
            assert_eq!(line.dialled(), dialled);
        }
    }

    #[test]
    fn a_nought_that_is_not_dialled_after_a_country_is_refused_with_what_to_write() {
        for phone in ["+32 (0)2 123 45 67", "+32(0) 2 123 45 67", "+32 ( 0 )2 123 45 67", "+32 (02) 123 45 67"] {
            let complaint = with_phone(phone).validate().unwrap_err().to_string();
            assert!(complaint.contains("portal.emergency_line.phone") && complaint.contains("+32 2 123 45 67"), "{phone}: {complaint}");
        }
        let at_home = with_phone("(02) 123 45 67");
        at_home.validate().unwrap();
        assert_eq!(at_home.dialled(), "tel:021234567");
    }

    #[test]
    fn what_nobody_can_call_is_refused_with_its_key() {
        for phone in ["", "0800 SCHOOL", "32+2", "12", "0800 12 345;ext=1", "1234567890123456"] {
            let complaint = with_phone(phone).validate().unwrap_err().to_string();
            assert!(complaint.contains("portal.emergency_line.phone"), "{phone}: {complaint}");
        }
        for mail in ["", "noodlijn", "a@b@c", "a@", "a@b?cc=c", "a b@c"] {
            let line = EmergencyLine { mail: Some(mail.to_owned()), ..EmergencyLine::example() };
            assert!(line.validate().unwrap_err().to_string().contains("portal.emergency_line.mail"), "{mail}");
        }
        assert!(EmergencyLine { mail: None, hours: None, ..EmergencyLine::example() }.validate().is_ok());
    }
}
