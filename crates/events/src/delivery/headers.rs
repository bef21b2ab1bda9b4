//! Headers of a record as a column: JSON pairs, readable in the table.

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use storage::{StoreError, StoreResult};

/// Text where it is text; what others send need not be.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Value {
    Text(String),
    Bytes(Vec<u8>),
}

pub(super) fn write(headers: &[(String, Bytes)]) -> StoreResult<String> {
    let pairs: Vec<(&str, Value)> = headers
        .iter()
        .map(|(name, value)| {
            let value = match std::str::from_utf8(value) {
                Ok(text) => Value::Text(text.to_owned()),
                Err(_) => Value::Bytes(value.to_vec()),
            };
            (name.as_str(), value)
        })
        .collect();
    serde_json::to_string(&pairs).map_err(|error| StoreError::unreadable("headers", error))
}

pub(super) fn read(what: &'static str, column: &str) -> StoreResult<Vec<(String, Bytes)>> {
    let pairs: Vec<(String, Value)> = serde_json::from_str(column).map_err(|error| StoreError::unreadable(what, error))?;
    let bytes = |value| match value {
        Value::Text(text) => Bytes::from(text),
        Value::Bytes(bytes) => Bytes::from(bytes),
    };
    Ok(pairs.into_iter().map(|(name, value)| (name, bytes(value))).collect())
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};

    use super::*;

    proptest! {
        #[test]
        fn headers_survive_the_column(pairs in vec((".{0,8}", vec(any::<u8>(), 0..12)), 0..6)) {
            let headers: Vec<(String, Bytes)> = pairs.into_iter().map(|(name, value)| (name, Bytes::from(value))).collect();
            prop_assert_eq!(read("test", &write(&headers).unwrap()).unwrap(), headers);
        }
    }
}
