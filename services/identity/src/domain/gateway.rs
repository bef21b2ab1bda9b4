//! Gateways: the machines at a school that post telemetry.
//!
//! A gateway is enrolled, its secret may be replaced any number of times, and it is revoked once and for good. Only an
//! active gateway has a secret to compare with: a revoked one cannot be let in by mistake.

use chrono::{DateTime, Utc};
use runtime::{GatewayId, SchoolId, SiteId};

use super::SecretHash;

/// A gateway of a school.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gateway {
    /// Also names its OAuth2 client.
    pub id: GatewayId,
    /// The school whose telemetry it posts; never taken from what it posts.
    pub school_id: SchoolId,
    /// Where it stands, when told.
    pub site_id: Option<SiteId>,
    /// For people.
    pub name: GatewayName,
    /// When it was enrolled.
    pub enrolled_at: DateTime<Utc>,
    /// What it may do now.
    pub state: GatewayState,
    /// Counts changes from 1; the etag.
    pub version: u32,
}

/// What a gateway may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GatewayState {
    /// May ask for tokens with this secret.
    Active {
        /// What is kept of its secret.
        secret: SecretHash,
        /// Since when this secret is the one.
        secret_since: DateTime<Utc>,
    },
    /// May do nothing, ever again.
    Revoked {
        /// When.
        at: DateTime<Utc>,
        /// By whom, as the audit trail names them.
        by: String,
        /// Why.
        reason: RevokeReason,
    },
}

/// The gateway was revoked before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the gateway is revoked, which cannot be undone; enrol a new one")]
pub struct GatewayRevoked;

impl Gateway {
    /// What comes before the gateway's id in its OAuth2 client id.
    const CLIENT_ID_PREFIX: &'static str = "gateway-";

    /// A new gateway, active with this secret.
    pub fn enrol(
        id: GatewayId,
        school_id: SchoolId,
        site_id: Option<SiteId>,
        name: GatewayName,
        secret: SecretHash,
        now: DateTime<Utc>,
    ) -> Self {
        Self { id, school_id, site_id, name, enrolled_at: now, state: GatewayState::Active { secret, secret_since: now }, version: 1 }
    }

    /// Replaces the secret.
    pub fn rotate_secret(mut self, secret: SecretHash, now: DateTime<Utc>) -> Result<Self, GatewayRevoked> {
        if let GatewayState::Revoked { .. } = self.state {
            return Err(GatewayRevoked);
        }
        self.state = GatewayState::Active { secret, secret_since: now };
        self.version += 1;
        Ok(self)
    }

    /// Ends its access for good; its secret is forgotten.
    pub fn revoke(mut self, by: String, reason: RevokeReason, now: DateTime<Utc>) -> Result<Self, GatewayRevoked> {
        if let GatewayState::Revoked { .. } = self.state {
            return Err(GatewayRevoked);
        }
        self.state = GatewayState::Revoked { at: now, by, reason };
        self.version += 1;
        Ok(self)
    }

    /// Whether this secret lets it in.
    pub fn admits(&self, presented: &str) -> bool {
        match &self.state {
            GatewayState::Active { secret, .. } => secret.matches(presented),
            GatewayState::Revoked { .. } => false,
        }
    }

    /// Names this version of it: changes with every change.
    pub fn etag(&self) -> String {
        format!("{}.{}", self.id.as_uuid().simple(), self.version)
    }

    /// Its OAuth2 client id, `gateway-<id>`.
    pub fn client_id(&self) -> String {
        format!("{}{}", Self::CLIENT_ID_PREFIX, self.id)
    }

    /// The gateway that a client id names, if it names one.
    pub fn id_from_client_id(client_id: &str) -> Option<GatewayId> {
        client_id.strip_prefix(Self::CLIENT_ID_PREFIX)?.parse().ok()
    }
}

/// Why a text is not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TextRefused {
    /// Empty, or longer than it may be.
    #[error("give 1 to {0} characters")]
    Length(usize),
    /// Contains something that cannot be printed.
    #[error("leave out line breaks and other characters that cannot be printed")]
    Unprintable,
}

fn one_line(text: &str, at_most: usize) -> Result<String, TextRefused> {
    let trimmed = text.trim();
    if trimmed.is_empty() || trimmed.chars().count() > at_most {
        return Err(TextRefused::Length(at_most));
    }
    if trimmed.chars().any(char::is_control) {
        return Err(TextRefused::Unprintable);
    }
    Ok(trimmed.to_owned())
}

/// Name of a gateway for people: 1..=80 printable characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GatewayName(String);

impl TryFrom<&str> for GatewayName {
    type Error = TextRefused;

    fn try_from(text: &str) -> Result<Self, TextRefused> {
        one_line(text, 80).map(Self)
    }
}

impl AsRef<str> for GatewayName {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

/// Why a gateway was revoked: 1..=500 printable characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RevokeReason(String);

impl TryFrom<&str> for RevokeReason {
    type Error = TextRefused;

    fn try_from(text: &str) -> Result<Self, TextRefused> {
        one_line(text, 500).map(Self)
    }
}

impl AsRef<str> for RevokeReason {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use runtime::Ids;

    use super::*;
    use crate::domain::Secret;

    fn moment(second: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_790_000_000 + second, 0).unwrap()
    }

    fn enrolled(secret: &Secret) -> Gateway {
        let ids = Ids::counted();
        Gateway::enrol(ids.next(), ids.next(), None, GatewayName::try_from("kelder").unwrap(), secret.hash(), moment(0))
    }

    fn lost() -> RevokeReason {
        RevokeReason::try_from("gestolen").unwrap()
    }

    #[test]
    fn revoking_twice_is_refused() {
        let gateway = enrolled(&Secret::generate().unwrap()).revoke("noor".into(), lost(), moment(1)).unwrap();
        assert_eq!(gateway.clone().revoke("noor".into(), lost(), moment(2)), Err(GatewayRevoked));
        assert_eq!(gateway.rotate_secret(Secret::generate().unwrap().hash(), moment(2)), Err(GatewayRevoked));
    }

    #[test]
    fn a_client_id_names_its_gateway_and_nothing_else() {
        let gateway = enrolled(&Secret::generate().unwrap());
        assert_eq!(Gateway::id_from_client_id(&gateway.client_id()), Some(gateway.id));
        assert_eq!(Gateway::id_from_client_id("gateway-"), None);
        assert_eq!(Gateway::id_from_client_id(&gateway.id.to_string()), None);
    }

    #[test]
    fn names_are_one_printable_line() {
        assert_eq!(GatewayName::try_from("  kelder \t").unwrap().as_ref(), "kelder");
        assert_eq!(GatewayName::try_from(" "), Err(TextRefused::Length(80)));
        assert_eq!(GatewayName::try_from("é".repeat(81).as_str()), Err(TextRefused::Length(80)));
        assert!(GatewayName::try_from("é".repeat(80).as_str()).is_ok());
        assert_eq!(GatewayName::try_from("a\nb"), Err(TextRefused::Unprintable));
    }

    #[derive(Debug, Clone)]
    enum Step {
        Rotate,
        Revoke,
    }

    proptest! {
        #[test]
        fn only_the_latest_secret_of_an_active_gateway_is_admitted(
            steps in prop::collection::vec(prop_oneof![4 => Just(Step::Rotate), 1 => Just(Step::Revoke)], 0..12),
        ) {
            let mut latest = Secret::generate().unwrap();
            let mut superseded = Vec::new();
            let mut gateway = enrolled(&latest);
            let mut revoked = false;
            for (second, step) in (1..).zip(steps) {
                let before = gateway.clone();
                let after = match step {
                    Step::Rotate => {
                        let new = Secret::generate().unwrap();
                        let after = gateway.clone().rotate_secret(new.hash(), moment(second));
                        if after.is_ok() {
                            superseded.push(std::mem::replace(&mut latest, new));
                        }
                        after
                    }
                    Step::Revoke => gateway.clone().revoke("noor".into(), lost(), moment(second)),
                };
                prop_assert_eq!(after.is_ok(), !revoked);
                revoked |= matches!(step, Step::Revoke);
                gateway = after.unwrap_or(before);
                prop_assert_eq!(gateway.admits(latest.reveal()), !revoked);
                prop_assert!(!superseded.iter().any(|old| gateway.admits(old.reveal())));
            }
        }
    }
}
