//! Values as they come: sensors write numbers, shippers turn them into text and back.

use std::{borrow::Cow, net::IpAddr};

use chrono::{DateTime, Utc};

use super::time;
use crate::domain::address;

/// One value of an event.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Scalar<'a> {
    /// Not there, or null.
    #[default]
    Absent,
    Text(Cow<'a, str>),
    /// A whole number.
    Integer(i64),
    /// Any other number.
    Float(f64),
    /// True or false.
    Bool(bool),
    /// The texts of a list.
    List(Vec<Cow<'a, str>>),
}

impl<'a> Scalar<'a> {
    /// Text without the NULs that some devices put at the end of their names. Nothing, and Zeek's mark for nothing, is absent.
    pub fn text(text: impl Into<Cow<'a, str>>) -> Self {
        Self::clean_text(without_nuls(text.into()))
    }

    /// The same, of text that has none.
    pub fn clean_text(text: Cow<'a, str>) -> Self {
        if text.is_empty() || text == "-" || text == "(empty)" { Self::Absent } else { Self::Text(text) }
    }

    /// A whole number. Ids of flows use all 64 bits and only need to be told apart, so they may wrap.
    pub const fn unsigned(number: u64) -> Self {
        Self::Integer(number.cast_signed())
    }

    /// Whether there is something.
    pub const fn is_present(&self) -> bool {
        !matches!(self, Self::Absent)
    }

    /// As text, whatever it is; a list gives its first.
    pub fn as_text(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::Absent => None,
            Self::Text(text) => Some(Cow::Borrowed(text)),
            Self::Integer(number) => Some(Cow::Owned(number.to_string())),
            Self::Float(number) => Some(Cow::Owned(number.to_string())),
            Self::Bool(truth) => Some(Cow::Owned(truth.to_string())),
            Self::List(texts) => texts.first().map(|text| Cow::Borrowed(text.as_ref())),
        }
    }

    /// As text that is text already; `None` for numbers.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::List(texts) => texts.first().map(AsRef::as_ref),
            Self::Absent | Self::Integer(_) | Self::Float(_) | Self::Bool(_) => None,
        }
    }

    /// All texts, as they are.
    pub fn all_texts(&self) -> impl Iterator<Item = &str> {
        let (list, only) = match self {
            Self::List(texts) => (texts.as_slice(), None),
            Self::Text(text) => ([].as_slice(), Some(text.as_ref())),
            Self::Absent | Self::Integer(_) | Self::Float(_) | Self::Bool(_) => ([].as_slice(), None),
        };
        list.iter().map(AsRef::as_ref).chain(only)
    }

    /// Bytes of the texts that may hold a JSON object.
    pub fn length_with_objects(&self) -> usize {
        self.all_texts().filter(|text| memchr::memchr(b'{', text.as_bytes()).is_some()).map(str::len).sum()
    }

    /// All texts: those of the list, or the only one cut at its commas.
    pub fn texts(&self) -> impl Iterator<Item = &str> {
        let (list, only) = match self {
            Self::List(texts) => (texts.as_slice(), None),
            Self::Text(text) => ([].as_slice(), Some(text.split(',').map(str::trim))),
            Self::Absent | Self::Integer(_) | Self::Float(_) | Self::Bool(_) => ([].as_slice(), None),
        };
        list.iter().map(AsRef::as_ref).chain(only.into_iter().flatten()).filter(|text| !text.is_empty())
    }

    /// As a whole number.
    pub fn as_integer(&self) -> Option<i64> {
        match self {
            Self::Integer(number) => Some(*number),
            #[expect(clippy::cast_possible_truncation, reason = "counts and ports; `as` saturates")]
            Self::Float(number) => Some(*number as i64),
            Self::Text(text) => text.trim().parse().ok(),
            Self::Bool(truth) => Some(i64::from(*truth)),
            Self::Absent | Self::List(_) => None,
        }
    }

    /// As seconds.
    pub fn as_float(&self) -> Option<f64> {
        match self {
            #[expect(clippy::cast_precision_loss, reason = "seconds; what is lost is far below a microsecond's worth")]
            Self::Integer(number) => Some(*number as f64),
            Self::Float(number) => Some(*number),
            Self::Text(text) => text.trim().parse().ok(),
            Self::Absent | Self::Bool(_) | Self::List(_) => None,
        }
    }

    /// As true or false; Zeek's own text form is `T` and `F`.
    pub fn as_bool(&self) -> Option<bool> {
        match self {
            Self::Bool(truth) => Some(*truth),
            Self::Integer(number) => Some(*number != 0),
            Self::Text(text) => match text.as_ref() {
                "T" | "t" | "true" | "True" | "TRUE" | "1" => Some(true),
                "F" | "f" | "false" | "False" | "FALSE" | "0" => Some(false),
                _ => None,
            },
            Self::Absent | Self::Float(_) | Self::List(_) => None,
        }
    }

    /// As a port.
    pub fn as_port(&self) -> Option<u16> {
        self.as_integer().and_then(|number| u16::try_from(number).ok())
    }

    /// As a network address.
    pub fn as_address(&self) -> Option<IpAddr> {
        self.as_str().and_then(address::parse)
    }

    /// As a moment.
    pub fn as_time(&self) -> Option<DateTime<Utc>> {
        match self {
            Self::Text(text) => time::parse(text).or_else(|| time::from_number(text.trim().parse().ok()?)),
            Self::Integer(_) | Self::Float(_) => time::from_number(self.as_float()?),
            Self::Absent | Self::Bool(_) | Self::List(_) => None,
        }
    }
}

/// Text without NULs, copied only where there is one.
pub fn without_nuls(text: Cow<'_, str>) -> Cow<'_, str> {
    if memchr::memchr(0, text.as_bytes()).is_none() {
        return text;
    }
    Cow::Owned(text.chars().filter(|letter| *letter != '\0').collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nuls_disappear_from_any_text() {
        assert_eq!(Scalar::text("nas1\0"), Scalar::Text("nas1".into()));
        assert_eq!(Scalar::text("\0\0"), Scalar::Absent);
    }

    #[test]
    fn numbers_given_as_text_and_text_given_as_numbers_are_read() {
        assert_eq!(Scalar::text("443").as_port(), Some(443));
        assert_eq!(Scalar::Float(443.0).as_port(), Some(443));
        assert_eq!(Scalar::Integer(70_000).as_port(), None);
        assert_eq!(Scalar::Integer(7).as_text().unwrap(), "7");
        assert_eq!(Scalar::text("1521911720.865716").as_time(), Scalar::Float(1_521_911_720.865_716).as_time());
        assert_eq!(Scalar::text("T").as_bool(), Some(true));
    }

    #[test]
    fn a_list_and_text_with_commas_are_the_same_list() {
        let list = Scalar::List(vec!["ssl".into(), "http".into()]);
        assert!(list.texts().eq(["ssl", "http"]));
        assert!(Scalar::text("ssl, http").texts().eq(["ssl", "http"]));
        assert_eq!(Scalar::Absent.texts().count(), 0);
    }
}
