//! What a server's certificate is refused for, in the words of the operator who configured it. Clients of databases and caches wrap the
//! reason in errors of their own, which say "connection failed" at best.

use std::{error::Error, io, sync::Arc};

use rustls::CertificateError;

/// Where the system's own authorities can be added to, for clients that trust those.
pub const SYSTEM: &str = "SSL_CERT_FILE, a variable of the environment";

/// Why TLS with a server failed and what to do, as the rest of a sentence that begins with the server; `None` for an error of another
/// kind. `authority` says where the operator names the file with the server's CA.
pub fn complaint(error: &(dyn Error + 'static), authority: &str) -> Option<String> {
    Some(match tls_error(error)? {
        // A bad signature is what it looks like when a CA was made again under its old name.
        rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer | CertificateError::BadSignature) => {
            format!("shows a certificate that no trusted authority signed; name the file with its CA, in PEM, in {authority}")
        }
        rustls::Error::InvalidCertificate(
            refused @ (CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. }),
        ) => format!("shows a certificate of another server; give the name that is in the certificate: {refused}"),
        rustls::Error::InvalidCertificate(refused) => format!("shows a certificate that does not hold: {refused}"),
        rustls::Error::InvalidMessage(_) => "does not answer in TLS; give the port on which it does".to_owned(),
        other => format!("cannot be spoken to over TLS: {other}"),
    })
}

fn tls_error<'a>(outermost: &'a (dyn Error + 'static)) -> Option<&'a rustls::Error> {
    let mut next = Some(outermost);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref() {
            return Some(found);
        }
        next = wrapped(error);
    }
    None
}

/// What an error wraps. Two kinds leave out the next one when they are asked for their source.
fn wrapped<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a (dyn Error + 'static)> {
    if let Some(error) = error.downcast_ref::<io::Error>() {
        return error.get_ref().map(|inner| inner as &(dyn Error + 'static));
    }
    if let Some(shared) = error.downcast_ref::<Arc<dyn Error + Send + Sync>>() {
        return Some(shared.as_ref());
    }
    error.source()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("connection failed")]
    struct Outer(#[source] Arc<dyn Error + Send + Sync>);

    fn through_every_layer(refused: rustls::Error) -> Outer {
        Outer(Arc::new(io::Error::new(io::ErrorKind::InvalidData, refused)))
    }

    #[test]
    fn a_refused_certificate_is_found_behind_other_errors() {
        let unknown = through_every_layer(CertificateError::UnknownIssuer.into());
        let said = complaint(&unknown, "cache.ca_file").unwrap();
        assert!(said.contains("no trusted authority") && said.contains("cache.ca_file"), "{said}");
        let same_name = through_every_layer(CertificateError::BadSignature.into());
        assert_eq!(complaint(&same_name, "cache.ca_file").unwrap(), said);
        let other_name = through_every_layer(CertificateError::NotValidForName.into());
        assert!(complaint(&other_name, "").unwrap().contains("another server"));
    }

    #[test]
    fn an_error_without_tls_is_left_to_others() {
        assert_eq!(complaint(&io::Error::from(io::ErrorKind::ConnectionRefused), "cache.ca_file"), None);
    }
}
