//! What a service asks to be sent. The types leave no room for a header of somebody else's: none holds a line break.

use std::fmt;

use lettre::Address;
use runtime::{Line, Words};

/// What a mail is about.
pub type Subject = Line<200>;
/// The plain text, which every mail has.
pub type Text = Words<100_000>;
/// The same as HTML.
pub type Html = Words<400_000>;

/// RFC 5321, section 4.5.3.1.3, without the angle brackets.
const LONGEST_ADDRESS: usize = 254;

runtime::typed_ids!(
    /** A mail; its `Message-ID` is made of it. */
    MailId
);

/// A mail to one recipient.
#[derive(Clone, PartialEq, Eq)]
pub struct Mail {
    pub to: Recipient,
    pub subject: Subject,
    pub text: Text,
    /// Shown in place of the text by programs that show HTML.
    pub html: Option<Html>,
}

impl fmt::Debug for Mail {
    /// Says nothing: it is personal, and a link in it may be a secret.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Mail(…)")
    }
}

/// Who gets a mail.
#[derive(Clone, PartialEq, Eq)]
pub struct Recipient {
    name: Option<Line<100>>,
    address: Address,
}

/// Why an address was not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("give an e-mail address such as ict@school.example, without accents")]
pub struct AddressRefused;

impl Recipient {
    /// Takes an address that a person wrote, and the name to write beside it.
    ///
    /// # Errors
    /// When it is no address, or one with letters beyond ASCII, which many mail servers cannot deliver to (RFC 6531).
    pub fn new(name: Option<Line<100>>, address: &str) -> Result<Self, AddressRefused> {
        let written = address.trim();
        if !written.is_ascii() || written.len() > LONGEST_ADDRESS || written.bytes().any(|byte| byte.is_ascii_control()) {
            return Err(AddressRefused);
        }
        let address = written.parse().map_err(|_| AddressRefused)?;
        Ok(Self { name, address })
    }

    pub(crate) fn name(&self) -> Option<&str> {
        self.name.as_ref().map(Line::as_str)
    }

    pub(crate) fn address(&self) -> &Address {
        &self.address
    }
}

impl fmt::Debug for Recipient {
    /// Says nothing: it is personal.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Recipient(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_one_address_on_one_line() {
        for address in [
            "",
            "jan",
            "jan@",
            "@school.example",
            "jan@school.example\r\nBcc: all@school.example",
            "jan@school.example\nBcc: all@school.example",
            "\"jan\r\nBcc: all\"@school.example",
            "jan@school.example, an@school.example",
            "jan@school.example> RCPT TO:<an@school.example",
            "Jan <jan@school.example>",
            "jan peeters@school.example",
            "jan@school.example\0",
            "zoë@school.example",
            "jan@caf\u{e9}.example",
        ] {
            assert_eq!(Recipient::new(None, address), Err(AddressRefused), "{address:?}");
        }
        let long = format!("jan@{}.example", vec!["a".repeat(60); 5].join("."));
        assert_eq!(Recipient::new(None, &long), Err(AddressRefused));
        for address in ["jan.peeters+ict@school.example", " o'neil@a.b.school.example ", "\"jan peeters\"@school.example"] {
            assert_eq!(Recipient::new(None, address).unwrap().address().as_ref() as &str, address.trim());
        }
    }

    #[test]
    fn a_mail_is_not_printed() {
        let to = Recipient::new(Some(Line::parse("Jan").unwrap()), "jan@school.example").unwrap();
        let mail = Mail { to, subject: Line::parse("Jan").unwrap(), text: Words::parse("Jan").unwrap(), html: None };
        assert!(!format!("{mail:?} {:?}", mail.to).contains("an@") && !format!("{mail:?}").contains("Jan"));
    }
}
