//! What events tell about devices, without what must not be stored.

use std::borrow::Cow;

use crate::domain::{fact::Told, mac::Mac};

/// The longest name DNS allows.
const LONGEST_NAME: usize = 253;

/// Longer than any product's name; attackers put whole scripts there.
const LONGEST_PRODUCT: usize = 64;
const LONGEST_VERSION: usize = 48;

/// Ports above are handed out for the length of a connection (RFC 6335): no service is offered there.
const FIRST_EPHEMERAL_PORT: u16 = 49_152;

/// Protocols of which a port is not offered but agreed on for one transfer, and what sensors write for "none".
const NOT_OFFERED: &[&str] =
    &["failed", "unknown", "ftp-data", "ftp_data", "gridftp-data", "irc-dcc-data", "tftp-data", "rtp", "rtcp", "rtsp-data"];

/// What a network card goes by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Card {
    Address(Mac),
    /// Octets, but not six: of another medium, or what a server writes that leases for its dial-in clients (`RAS ` in hexadecimal).
    Other,
}

impl Card {
    /// `None` when the text is neither.
    pub fn read(text: &str) -> Option<Self> {
        let text = text.trim();
        if let Ok(mac) = text.parse() {
            return Some(Self::Address(mac));
        }
        let is_octet = |group: &str| (1..=2).contains(&group.len()) && group.bytes().all(|byte| byte.is_ascii_hexdigit());
        let octets = text.split([':', '-']).count();
        (octets > 1 && octets != 6 && text.split([':', '-']).all(is_octet)).then_some(Self::Other)
    }
}

/// The text without the escapes that sensors write for bytes they cannot print: `\xe9` in four characters.
fn unescaped(text: &str) -> Cow<'_, str> {
    let mut rest = text.as_bytes();
    let Some(first) = memchr::memmem::find(rest, b"\\x") else { return Cow::Borrowed(text) };
    let mut bytes = Vec::with_capacity(text.len());
    bytes.extend_from_slice(&rest[..first]);
    rest = &rest[first..];
    while let Some((byte, behind)) = rest.split_first() {
        match rest {
            [b'\\', b'x', high, low, escaped @ ..] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => {
                let digit = |digit: u8| char::from(digit).to_digit(16).unwrap_or_default() as u8;
                bytes.push(digit(*high) << 4 | digit(*low));
                rest = escaped;
            }
            _ => {
                bytes.push(*byte);
                rest = behind;
            }
        }
    }
    bytes.retain(|byte| *byte != 0);
    Cow::Owned(String::from_utf8_lossy(&bytes).into_owned())
}

/// A device's own name.
pub fn name(text: &str) -> Option<Told> {
    let text = unescaped(text);
    let name = text.trim().trim_end_matches('.');
    let says_nothing = matches!(name.to_ascii_lowercase().as_str(), "" | "localhost" | "localhost.localdomain" | "(none)" | "unknown");
    let is_clean = name.chars().count() <= LONGEST_NAME && !name.chars().any(|letter| letter.is_control() || runtime::is_hidden(letter));
    (is_clean && !says_nothing).then(|| Told::Name(name.to_owned()))
}

/// A program. Names that do not look like a product's are what scanners send to see what breaks.
pub fn software(product: &str, version: &str) -> Option<Told> {
    let (product, version) = (unescaped(product), unescaped(version));
    let product = product.trim();
    let looks_like_a_product = product.starts_with(|letter: char| letter.is_alphanumeric())
        && product.chars().count() <= LONGEST_PRODUCT
        && !product.chars().any(|letter| letter.is_control() || matches!(letter, '<' | '>' | '{' | '}' | '$' | '`' | '\\'));
    let version: String = version.trim().chars().filter(|letter| !letter.is_control()).take(LONGEST_VERSION).collect();
    looks_like_a_product.then(|| Told::Software { product: product.to_owned(), version })
}

/// The program that asked for an address, from its vendor class: `MSFT 5.0`, `android-dhcp-13`, `dhcpcd-9.4.1:Linux-5.15`.
pub fn vendor_class(text: &str) -> Option<Told> {
    let text = &*unescaped(text);
    let version_starts = text.as_bytes().windows(2).position(|pair| matches!(pair[0], b'-' | b' ' | b'/') && pair[1].is_ascii_digit());
    match version_starts.and_then(|place| Some((text.get(..place)?, text.get(place + 1..)?))) {
        Some((product, version)) => software(product, version),
        None => software(text, ""),
    }
}

/// A port on which a device answers; `None` for one that is there for a moment only.
pub fn service(transport: Option<&str>, port: Option<u16>, protocol: &str) -> Option<Told> {
    let port = port.filter(|port| (1..FIRST_EPHEMERAL_PORT).contains(port))?;
    let given = transport?;
    let is = |names: [&str; 2]| names.iter().any(|name| given.eq_ignore_ascii_case(name));
    let transport = if is(["tcp", "6"]) { "tcp" } else { is(["udp", "17"]).then_some("udp")? };
    let is_offered = protocol.split(',').all(|name| !NOT_OFFERED.iter().any(|other| name.trim().eq_ignore_ascii_case(other)));
    let protocol =
        || protocol.chars().filter(|letter| !letter.is_control()).take(LONGEST_PRODUCT).map(|letter| letter.to_ascii_lowercase());
    is_offered.then(|| Told::Service { transport, port, protocol: protocol().collect() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_say_nothing_are_left_out() {
        assert_eq!(name("lkr-lt-11.school.local."), Some(Told::Name("lkr-lt-11.school.local".to_owned())));
        for text in ["", " ", "localhost", "(none)", "a\u{7}b", "gnp\u{202e}exe"] {
            assert_eq!(name(text), None, "{text:?}");
        }
    }

    #[test]
    fn attacks_are_not_taken_for_products() {
        assert!(software("Microsoft-IIS", "7.5").is_some());
        for product in [") {", "() { _; }", "<script>", "${jndi", "", &"x".repeat(65)] {
            assert_eq!(software(product, ""), None, "{product}");
        }
    }

    #[test]
    fn a_vendor_class_is_a_product_and_its_version() {
        for (text, product, version) in [
            ("MSFT 5.0", "MSFT", "5.0"),
            ("android-dhcp-13", "android-dhcp", "13"),
            ("dhcpcd-9.4.1:Linux-5.15", "dhcpcd", "9.4.1:Linux-5.15"),
            ("Cisco AP c1600", "Cisco AP c1600", ""),
        ] {
            let expected = Told::Software { product: product.to_owned(), version: version.to_owned() };
            assert_eq!(vendor_class(text), Some(expected), "{text}");
        }
    }

    #[test]
    fn ports_of_the_moment_are_no_services() {
        assert!(service(Some("TCP"), Some(443), "tls").is_some());
        assert_eq!(service(Some("tcp"), Some(50_000), "tls"), None);
        assert_eq!(service(Some("icmp"), Some(8), ""), None);
        assert_eq!(service(None, Some(443), ""), None);
    }
}
