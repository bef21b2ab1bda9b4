//! What a form must send back to show that it is ours.
//!
//! Pages are compressed, and a page may repeat what was searched for; somebody who can make a browser search and can see the
//! size of the answers could guess a fixed secret letter by letter (BREACH). So each page carries the secret under a mask of
//! its own.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq as _;

const BYTES: usize = 32;

/// The secret of one session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CsrfSecret([u8; BYTES]);

impl CsrfSecret {
    pub fn random() -> Result<Self, getrandom::Error> {
        let mut bytes = [0_u8; BYTES];
        getrandom::fill(&mut bytes)?;
        Ok(Self(bytes))
    }

    /// The secret under a fresh mask, for one page.
    pub fn masked(&self) -> Result<String, getrandom::Error> {
        let mut mask = [0_u8; BYTES];
        getrandom::fill(&mut mask)?;
        let covered = mask.iter().zip(self.0).map(|(mask, secret)| mask ^ secret);
        let both: Vec<u8> = mask.iter().copied().chain(covered).collect();
        Ok(URL_SAFE_NO_PAD.encode(both))
    }

    /// Whether a form's token is this secret under any mask.
    pub fn is_meant_by(&self, token: &str) -> bool {
        let Ok(both) = URL_SAFE_NO_PAD.decode(token) else { return false };
        if both.len() != 2 * BYTES {
            return false;
        }
        let (mask, covered) = both.split_at(BYTES);
        let secret: Vec<u8> = mask.iter().zip(covered).map(|(mask, covered)| mask ^ covered).collect();
        secret.as_slice().ct_eq(self.0.as_slice()).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_page_shows_it_differently_and_means_the_same() {
        let secret = CsrfSecret::random().unwrap();
        let (first, second) = (secret.masked().unwrap(), secret.masked().unwrap());
        assert_ne!(first, second);
        assert!(secret.is_meant_by(&first) && secret.is_meant_by(&second));
    }

    #[test]
    fn nothing_else_is_believed() {
        let secret = CsrfSecret::random().unwrap();
        let of_another = CsrfSecret::random().unwrap().masked().unwrap();
        for token in ["", "x", "AAAA", &of_another, &"A".repeat(10_000)] {
            assert!(!secret.is_meant_by(token), "{token}");
        }
    }
}
