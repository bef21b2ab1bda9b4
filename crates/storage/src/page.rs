//! Pages of lists: sizes within a cap, and opaque tokens that name the last row seen.
//!
//! A token carries the sort key of the last row (keyset paging: rows that come or go never shift a page) and a fingerprint of
//! the query it belongs to, so that a token from another question is refused instead of giving nonsense.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use runtime::Error;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use sha2::{Digest as _, Sha256};

/// Rows asked for: 1..=200, 50 when not said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageSize(u16);

impl PageSize {
    /// The most rows a page may have.
    pub const MAX: u16 = 200;
    /// Rows when the caller does not say.
    pub const DEFAULT: u16 = 50;

    /// From a request: 0 means the default, more than the most means the most (AIP-158).
    ///
    /// # Errors
    /// When negative.
    pub fn from_request(requested: i32) -> Result<Self, Error> {
        match u16::try_from(requested) {
            Ok(0) => Ok(Self(Self::DEFAULT)),
            Ok(size) => Ok(Self(size.min(Self::MAX))),
            Err(_) if requested > 0 => Ok(Self(Self::MAX)),
            Err(_) => Err(Error::invalid_field("page_size", "give 0 (for the default) or a number up to 200")),
        }
    }

    /// Rows to ask of the store: one more than the page, to know whether there is a next.
    pub fn with_peek(self) -> u64 {
        u64::from(self.0) + 1
    }

    /// Cuts the peeked row off; says whether there was one.
    pub fn cut<T>(self, rows: &mut Vec<T>) -> bool {
        let has_more = rows.len() > usize::from(self.0);
        rows.truncate(usize::from(self.0));
        has_more
    }
}

#[derive(Serialize, Deserialize)]
struct Token<K> {
    q: String,
    k: K,
}

/// The token after a row with sort key `key`, for the question `query`.
pub fn encode_page_token<K: Serialize>(query: &impl Serialize, key: &K) -> Result<String, Error> {
    let token = serde_json::to_vec(&Token { q: fingerprint(query)?, k: key }).map_err(Error::internal)?;
    Ok(URL_SAFE_NO_PAD.encode(token))
}

/// The sort key in a token; `None` for the empty token of a first page.
///
/// # Errors
/// When the token is not ours or belongs to another question.
pub fn decode_page_token<K: DeserializeOwned>(query: &impl Serialize, token: &str) -> Result<Option<K>, Error> {
    if token.is_empty() {
        return Ok(None);
    }
    let refuse = || Error::invalid_field("page_token", "start again from the first page: this token belongs to another list");
    let bytes = URL_SAFE_NO_PAD.decode(token).map_err(|_| refuse())?;
    let token: Token<K> = serde_json::from_slice(&bytes).map_err(|_| refuse())?;
    if token.q != fingerprint(query)? {
        return Err(refuse());
    }
    Ok(Some(token.k))
}

fn fingerprint(query: &impl Serialize) -> Result<String, Error> {
    let canonical = serde_json::to_vec(query).map_err(Error::internal)?;
    Ok(URL_SAFE_NO_PAD.encode(&Sha256::digest(canonical)[..9]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_gives_its_key_back_for_the_same_question() {
        let token = encode_page_token(&("open", 3), &("2026-09-24", 7)).unwrap();
        let key: Option<(String, i32)> = decode_page_token(&("open", 3), &token).unwrap();
        assert_eq!(key, Some(("2026-09-24".to_owned(), 7)));
    }

    #[test]
    fn a_token_of_another_question_is_refused() {
        let token = encode_page_token(&"open", &7).unwrap();
        assert!(decode_page_token::<i32>(&"closed", &token).is_err());
        assert!(decode_page_token::<i32>(&"open", "nonsense").is_err());
    }

    #[test]
    fn sizes_are_kept_within_bounds() {
        assert_eq!(PageSize::from_request(0).unwrap().with_peek(), 51);
        assert_eq!(PageSize::from_request(100_000).unwrap().with_peek(), 201);
        assert!(PageSize::from_request(-1).is_err());
    }

    #[test]
    fn the_peeked_row_is_cut_off() {
        let mut rows = vec![1, 2, 3];
        assert!(PageSize(2).cut(&mut rows));
        assert_eq!(rows, [1, 2]);
        assert!(!PageSize(2).cut(&mut rows));
    }
}
