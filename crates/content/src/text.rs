//! Text for people, always in both languages.

use serde::{Deserialize, Deserializer, Serialize, de};

/// A text in Dutch and in English. Neither is ever missing or blank.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Text {
    /// Dutch, plain (B1), "u".
    #[serde(deserialize_with = "filled")]
    pub nl: String,
    /// English.
    #[serde(deserialize_with = "filled")]
    pub en: String,
}

/// Reads a non-blank text, trimmed.
pub(crate) fn filled<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let written = String::deserialize(deserializer)?;
    let text = written.trim();
    if text.is_empty() {
        return Err(de::Error::custom("the text is empty; write it or remove what it belongs to"));
    }
    Ok(text.to_owned())
}
