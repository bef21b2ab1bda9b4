//! E-mail addresses.

use std::fmt;

use email_address::{EmailAddress, Options};

/// An address at which somebody reads mail: `els.vermeulen@zandloper.example`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Email(EmailAddress);

/// Why a text is no address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("give an e-mail address, such as els.vermeulen@school.be")]
pub struct NoEmail;

impl TryFrom<&str> for Email {
    type Error = NoEmail;

    /// Without a name before it, with a domain that has a dot, no IP address.
    fn try_from(text: &str) -> Result<Self, NoEmail> {
        let options = Options::default().without_display_text().without_domain_literal().with_required_tld();
        let address = EmailAddress::parse_with_options(text.trim(), options).map_err(|_| NoEmail)?;
        // Many mail servers deliver to ASCII addresses only (RFC 6531).
        if !address.as_str().is_ascii() {
            return Err(NoEmail);
        }
        // Quoted local parts are legal and nobody's; what is in the quotes breaks other people's software.
        if address.local_part().starts_with('"') { Err(NoEmail) } else { Ok(Self(address)) }
    }
}

impl Email {
    /// The address.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

impl fmt::Display for Email {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_one_mailbox_at_a_named_domain() {
        for good in ["els@zandloper.example", " Els.Vermeulen+school@Zandloper.example ", "d'hondt@zandloper.example"] {
            let email = Email::try_from(good).unwrap();
            assert_eq!((email.as_str(), email.to_string().as_str()), (good.trim(), good.trim()));
        }
        for bad in [
            "",
            "els",
            "els@zandloper",
            "els@[10.0.0.1]",
            "Els <els@zandloper.example>",
            "els@zandloper.example, jan@zandloper.example",
            "els@zandloper.example\r\nBcc: all@zandloper.example",
            "\"els jan\"@zandloper.example",
            "zo\u{eb}@zandloper.example",
        ] {
            assert_eq!(Email::try_from(bad), Err(NoEmail), "{bad}");
        }
    }
}
