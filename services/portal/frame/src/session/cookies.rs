//! Names and attributes of our cookies.
//!
//! Over https each is `__Host-`: sent to this host only, over https only, and no other host of the domain can set it. On a
//! developer's machine, over plain http, browsers refuse that prefix, so there it is left out.

use http::{HeaderMap, HeaderValue, header};

/// Makes and reads our cookies under this configuration.
#[derive(Clone, Copy, Debug)]
pub struct Cookies {
    is_secure: bool,
}

/// How long a browser keeps a cookie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keep {
    /// Until it is closed.
    Session,
    Seconds(u32),
}

impl Cookies {
    pub const fn new(is_secure: bool) -> Self {
        Self { is_secure }
    }

    /// The name of a cookie as browsers see it.
    pub fn name(self, name: &str) -> String {
        let prefix = if self.is_secure { "__Host-" } else { "" };
        format!("{prefix}{name}")
    }

    /// `Set-Cookie` for the whole site, out of reach of scripts. `value` is ours: letters, digits, `-`, `_` and `.`.
    pub fn set(self, name: &str, value: &str, keep: Keep) -> Option<HeaderValue> {
        let name = self.name(name);
        // Lax, not strict: the issuer sends people back with a link, and they must arrive signed in.
        let mut text = format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax");
        if self.is_secure {
            text.push_str("; Secure");
        }
        if let Keep::Seconds(seconds) = keep {
            text.push_str(&format!("; Max-Age={seconds}"));
        }
        HeaderValue::from_str(&text).ok()
    }

    /// `Set-Cookie` that deletes a cookie.
    pub fn remove(self, name: &str) -> Option<HeaderValue> {
        self.set(name, "", Keep::Seconds(0))
    }

    /// The value a browser sent.
    pub fn read(self, headers: &HeaderMap, name: &str) -> Option<String> {
        let name = self.name(name);
        let lines = headers.get_all(header::COOKIE).into_iter().filter_map(|line| line.to_str().ok());
        let mut pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
        pairs.find_map(|(found, value)| (found == name && !value.is_empty()).then(|| value.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn over_https_a_cookie_is_bound_to_the_host() {
        let line = Cookies::new(true).set("schildwacht", "abc", Keep::Session).unwrap();
        assert_eq!(line, "__Host-schildwacht=abc; Path=/; HttpOnly; SameSite=Lax; Secure");
        let line = Cookies::new(false).remove("schildwacht").unwrap();
        assert_eq!(line, "schildwacht=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0");
    }

    #[test]
    fn over_https_a_cookie_without_the_prefix_is_not_ours() {
        let headers = HeaderMap::from_iter([(header::COOKIE, HeaderValue::from_static("schildwacht=planted; __Host-schildwacht=ours"))]);
        assert_eq!(Cookies::new(true).read(&headers, "schildwacht").unwrap(), "ours");
        assert_eq!(Cookies::new(false).read(&headers, "schildwacht").unwrap(), "planted");
        assert_eq!(Cookies::new(true).read(&headers, "taal"), None);
    }

    #[test]
    fn a_value_that_could_end_the_header_is_not_sent() {
        assert_eq!(Cookies::new(true).set("taal", "nl\r\nx: y", Keep::Session), None);
    }
}
