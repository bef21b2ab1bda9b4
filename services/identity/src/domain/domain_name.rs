//! Domains of organisations on the internet.

use std::fmt;

use url::Host;

/// A domain that one organisation can own: `leermaat.be`, `app.leermaat.be`. In ASCII (IDNA) and small letters.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct DomainName(String);

/// Why a text is no domain of one organisation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum NoDomainName {
    #[error("not_a_domain: give a domain alone, such as leermaat.be, without https:// and without a path")]
    NotADomain,
    #[error("public_suffix: below this name are many organisations; give the one that is yours, such as leermaat.be")]
    PublicSuffix,
}

/// So that a label of ours still fits in front (RFC 1035: 253 in all).
const CHARACTERS_AT_MOST: usize = 200;

impl TryFrom<&str> for DomainName {
    type Error = NoDomainName;

    fn try_from(text: &str) -> Result<Self, NoDomainName> {
        let text = text.trim();
        let host = Host::parse(text.strip_suffix('.').unwrap_or(text)).map_err(|_| NoDomainName::NotADomain)?;
        let Host::Domain(name) = host else { return Err(NoDomainName::NotADomain) };
        let is_label = |label: &str| {
            let ends = label.starts_with('-') || label.ends_with('-');
            matches!(label.len(), 1..=63) && !ends && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        };
        if name.len() > CHARACTERS_AT_MOST || !name.contains('.') || !name.split('.').all(is_label) {
            return Err(NoDomainName::NotADomain);
        }
        if psl::domain_str(&name).is_none() { Err(NoDomainName::PublicSuffix) } else { Ok(Self(name)) }
    }
}

impl DomainName {
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether a name is this domain or below it.
    pub fn holds(&self, name: &str) -> bool {
        let name = name.to_ascii_lowercase();
        name.strip_suffix(self.as_str()).is_some_and(|front| front.is_empty() || front.ends_with('.'))
    }
}

impl fmt::Display for DomainName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<String, &'static str> {
        DomainName::try_from(text).map(|name| name.0).map_err(Into::into)
    }

    #[test]
    fn a_domain_is_kept_in_ascii_and_small_letters() {
        for (text, name) in [
            (" Leermaat.be ", "leermaat.be"),
            ("app.leermaat.be.", "app.leermaat.be"),
            ("école.be", "xn--cole-9oa.be"),
            ("school.co.uk", "school.co.uk"),
            ("leermaat.github.io", "leermaat.github.io"),
            ("leermaat.example", "leermaat.example"),
        ] {
            assert_eq!(read(text), Ok(name.to_owned()), "{text}");
        }
    }

    #[test]
    fn what_many_organisations_share_is_nobodys() {
        for text in ["be", "co.uk", "github.io", "netlify.app"] {
            let expected = if text.contains('.') { "public_suffix" } else { "not_a_domain" };
            assert_eq!(read(text), Err(expected), "{text}");
        }
    }

    #[test]
    fn addresses_urls_and_wild_cards_are_no_domains() {
        let long = format!("{}.be", "a".repeat(64));
        let longer = format!("{}be", "abcdefghi.".repeat(20));
        for text in [
            "",
            ".",
            "127.0.0.1",
            "0x7f.1",
            "[::1]",
            "https://leermaat.be",
            "leermaat.be/pad",
            "a..be",
            "-a.be",
            "a-.be",
            "*.leermaat.be",
            "_schildwacht-challenge.leermaat.be",
            "leermaat.be:8443",
            "leer maat.be",
            "leermaat.be\0",
            &long,
            &longer,
        ] {
            assert_eq!(read(text), Err("not_a_domain"), "{text:?}");
        }
    }

    #[test]
    fn a_domain_holds_itself_and_what_is_below_it() {
        let domain = DomainName::try_from("leermaat.be").unwrap();
        for inside in ["leermaat.be", "Mail.Leermaat.be"] {
            assert!(domain.holds(inside), "{inside}");
        }
        for outside in ["kwaadleermaat.be", "leermaat.be.kwaad.example", "be", ""] {
            assert!(!domain.holds(outside), "{outside}");
        }
    }
}
