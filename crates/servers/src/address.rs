//! Addresses as the variables of servers give them: `scheme://user:password@host:port/path`, most of it optional.

use anyhow::{Context, Result};

/// The parts of an address.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Address<'a> {
    pub user: &'a str,
    pub password: &'a str,
    pub host: &'a str,
    pub port: u16,
    /// After the host, with its slash.
    pub path: &'a str,
}

impl<'a> Address<'a> {
    pub(crate) fn parse(text: &'a str) -> Result<Self> {
        let rest = text.split_once("://").map_or(text, |(_, rest)| rest);
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let (account, place) = authority.rsplit_once('@').unwrap_or(("", authority));
        let (user, password) = account.split_once(':').unwrap_or((account, ""));
        let (host, port) = place.rsplit_once(':').context("an address ends in the port, as in 127.0.0.1:6379")?;
        let port = port.parse().with_context(|| format!("{port} is not a port"))?;
        Ok(Self { user, password, host, port, path })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_said_is_empty() {
        let whole = Address::parse("postgres://role:secret@db:5432/postgres").unwrap();
        assert_eq!(whole, Address { user: "role", password: "secret", host: "db", port: 5432, path: "/postgres" });
        let password = Address::parse("redis://:secret@127.0.0.1:1").unwrap();
        assert_eq!(password, Address { user: "", password: "secret", host: "127.0.0.1", port: 1, path: "" });
        let plain = Address::parse("127.0.0.1:9092").unwrap();
        assert_eq!(plain, Address { user: "", password: "", host: "127.0.0.1", port: 9092, path: "" });
        assert!(Address::parse("kafka").is_err());
    }
}
