//! The security headers of every page.

use http::{HeaderMap, HeaderName, HeaderValue, header};

/// The security headers of this configuration, made once.
#[derive(Clone, Debug)]
pub struct SecurityHeaders(Vec<(HeaderName, HeaderValue)>);

impl SecurityHeaders {
    /// `issuer_origin` is where signing in and out leads: browsers count a form's redirects as its destinations.
    pub fn new(issuer_origin: &str, is_secure: bool) -> Result<Self, header::InvalidHeaderValue> {
        // No inline script or style exists, so none needs a nonce; icons are our own SVG, fetched through <use>.
        let policy = format!(
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
             form-action 'self' {issuer_origin}; frame-ancestors 'none'; base-uri 'none'"
        );
        let mut headers = vec![
            (header::CONTENT_SECURITY_POLICY, HeaderValue::from_str(&policy)?),
            (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
            (header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
            // Not "no-referrer": with that, browsers hide the Origin of our own forms from us.
            (header::REFERRER_POLICY, HeaderValue::from_static("same-origin")),
            (HeaderName::from_static("cross-origin-opener-policy"), HeaderValue::from_static("same-origin")),
            (HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("same-origin")),
            (
                HeaderName::from_static("permissions-policy"),
                HeaderValue::from_static("camera=(), geolocation=(), microphone=(), payment=()"),
            ),
        ];
        if is_secure {
            let two_years = HeaderValue::from_static("max-age=63072000; includeSubDomains");
            headers.push((header::STRICT_TRANSPORT_SECURITY, two_years));
        }
        Ok(Self(headers))
    }

    /// Adds them, and forbids keeping what has not said that it may be kept.
    pub fn apply(&self, headers: &mut HeaderMap) {
        for (name, value) in &self.0 {
            headers.insert(name, value.clone());
        }
        headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
        headers.append(header::VARY, HeaderValue::from_static("cookie, accept-language"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_inline_nothing_from_elsewhere_and_no_frames() {
        let mut headers = HeaderMap::new();
        SecurityHeaders::new("https://issuer.example", true).unwrap().apply(&mut headers);
        let policy = headers[header::CONTENT_SECURITY_POLICY].to_str().unwrap();
        assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"), "{policy}");
        assert!(!policy.contains("unsafe"), "{policy}");
        assert_eq!(headers[header::CACHE_CONTROL], "no-store");
        assert!(headers.contains_key(header::STRICT_TRANSPORT_SECURITY));
    }

    #[test]
    fn plain_http_promises_no_https() {
        let mut headers = HeaderMap::new();
        SecurityHeaders::new("http://127.0.0.1:8080", false).unwrap().apply(&mut headers);
        assert!(!headers.contains_key(header::STRICT_TRANSPORT_SECURITY));
    }
}
