//! Gateways: the machines at a school that post telemetry.
//!
//! A gateway is enrolled, its secret may be replaced any number of times, and it is revoked once and for good. Only an
//! active gateway has a secret to compare with, and may have a code to be used: a revoked one cannot be let in by mistake.
//!
//! A gateway that is enrolled with a code has a secret too, which nobody was told: the one that its machine gets for the code replaces it.
//!
//! A transition is `fn verb(&mut self, …, now) -> Result<Change, Refusal>`, in every service. It answers with what happened, because
//! that is what the audit chain and the event are written from. It first checks and then alters, so after a refusal the gateway is
//! as it was, and its caller still has it.

use chrono::{DateTime, Utc};
use runtime::{Error, Etag, GatewayId, Line, SchoolId, SiteId};

use super::{CodeRefusal, OpenCode, SecretHash};

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
        /// By which its machine gets another, until it has.
        code: Option<OpenCode>,
    },
    /// May do nothing, ever again.
    Revoked {
        at: DateTime<Utc>,
        /// By whom, as the audit trail names them.
        by: String,
        reason: RevokeReason,
    },
}

/// Name of a gateway, for people.
pub type GatewayName = Line<80>;

/// Why a gateway was revoked.
pub type RevokeReason = Line<500>;

/// What happened to a gateway.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GatewayChange {
    /// It may post from now on.
    Enrolled,
    /// Only its new secret lets it in.
    SecretRotated,
    /// Its machine gets another secret for a code.
    CodeIssued,
    /// Its machine has.
    CodeRedeemed,
    /// It may never post again.
    Revoked,
}

/// How many gateways a school has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GatewaysOfSchool {
    pub active: u64,
    /// Since a day ago.
    pub enrolled_of_late: u64,
}

impl GatewaysOfSchool {
    /// Whether the school may have one more, when it may have so many at once and so many new ones a day.
    pub fn allow_one_more(self, most: u64, most_per_day: u64) -> Result<(), Refusal> {
        if self.active >= most {
            return Err(Refusal::TooMany { most });
        }
        if self.enrolled_of_late >= most_per_day {
            return Err(Refusal::TooManyOfLate { most: most_per_day });
        }
        Ok(())
    }
}

/// Why a transition was refused. The gateway is as it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error, strum::IntoStaticStr)]
pub enum Refusal {
    #[error("the school has {most} active gateways, which is the most it may have; revoke one that is not used")]
    #[strum(serialize = "too_many_gateways")]
    TooMany { most: u64 },
    #[error(
        "{most} gateways were enrolled at the school within a day, which is the most; enrol it tomorrow, or give an existing gateway a new secret"
    )]
    #[strum(serialize = "too_many_enrolments")]
    TooManyOfLate { most: u64 },
    #[error("{most} codes of the school wait to be used, which is the most; use one, or wait until one is {} hours old", OpenCode::GOOD_FOR.num_hours())]
    #[strum(serialize = "too_many_codes")]
    TooManyCodes { most: u64 },
    /// It was revoked before.
    #[error("the gateway is revoked, which cannot be undone; enrol a new one")]
    #[strum(serialize = "gateway_revoked")]
    Revoked,
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        Self::failed_precondition(refusal.into(), refusal.to_string())
    }
}

impl Gateway {
    /// What comes before the gateway's id in its OAuth2 client id.
    const CLIENT_ID_PREFIX: &'static str = "gateway-";

    /// A new gateway, active with this secret, or with a code by which its machine gets another.
    pub fn enrol(
        id: GatewayId,
        school_id: SchoolId,
        site_id: Option<SiteId>,
        name: GatewayName,
        (secret, code): (SecretHash, Option<SecretHash>),
        now: DateTime<Utc>,
    ) -> (Self, GatewayChange) {
        let code = code.map(|code| OpenCode::issued(code, now));
        let state = GatewayState::Active { secret, secret_since: now, code };
        (Self { id, school_id, site_id, name, enrolled_at: now, state, version: 1 }, GatewayChange::Enrolled)
    }

    /// Replaces the secret; a code that waits is no longer good.
    pub fn rotate_secret(&mut self, secret: SecretHash, now: DateTime<Utc>) -> Result<GatewayChange, Refusal> {
        self.require_active()?;
        self.state = GatewayState::Active { secret, secret_since: now, code: None };
        self.version += 1;
        Ok(GatewayChange::SecretRotated)
    }

    /// Has a code wait for its machine, in place of the one before. The secret of now lets it in until then.
    pub fn issue_code(&mut self, issued: SecretHash, now: DateTime<Utc>) -> Result<GatewayChange, Refusal> {
        match &mut self.state {
            GatewayState::Active { code, .. } => *code = Some(OpenCode::issued(issued, now)),
            GatewayState::Revoked { .. } => return Err(Refusal::Revoked),
        }
        self.version += 1;
        Ok(GatewayChange::CodeIssued)
    }

    /// Replaces the secret for the machine that has the code, which is used up.
    pub fn redeem_code(&mut self, presented: SecretHash, secret: SecretHash, now: DateTime<Utc>) -> Result<GatewayChange, CodeRefusal> {
        self.code().ok_or(CodeRefusal::Unknown)?.require_good(presented, now)?;
        self.state = GatewayState::Active { secret, secret_since: now, code: None };
        self.version += 1;
        Ok(GatewayChange::CodeRedeemed)
    }

    /// Ends its access for good; its secret is forgotten.
    pub fn revoke(&mut self, by: String, reason: RevokeReason, now: DateTime<Utc>) -> Result<GatewayChange, Refusal> {
        self.require_active()?;
        self.state = GatewayState::Revoked { at: now, by, reason };
        self.version += 1;
        Ok(GatewayChange::Revoked)
    }

    fn require_active(&self) -> Result<(), Refusal> {
        match self.state {
            GatewayState::Active { .. } => Ok(()),
            GatewayState::Revoked { .. } => Err(Refusal::Revoked),
        }
    }

    /// Whether this secret lets it in.
    pub fn admits(&self, presented: &str) -> bool {
        match &self.state {
            GatewayState::Active { secret, .. } => secret.matches(presented),
            GatewayState::Revoked { .. } => false,
        }
    }

    /// The code that waits for its machine, good or expired.
    pub const fn code(&self) -> Option<OpenCode> {
        match self.state {
            GatewayState::Active { code, .. } => code,
            GatewayState::Revoked { .. } => None,
        }
    }

    /// Names this version of it: changes with every change.
    pub fn etag(&self) -> Etag {
        Etag::new(format!("{}.{}", self.id.as_uuid().simple(), self.version))
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
        Gateway::enrol(ids.next(), ids.next(), None, GatewayName::parse("kelder").unwrap(), (secret.hash(), None), moment(0)).0
    }

    fn secret() -> Secret {
        Secret::generate().unwrap()
    }

    fn lost() -> RevokeReason {
        RevokeReason::parse("gestolen").unwrap()
    }

    #[test]
    fn revoking_twice_is_refused() {
        let mut gateway = enrolled(&Secret::generate().unwrap());
        gateway.revoke("noor".into(), lost(), moment(1)).unwrap();
        assert_eq!(gateway.version, 2);
        let revoked = gateway.clone();
        assert_eq!(gateway.revoke("noor".into(), lost(), moment(2)), Err(Refusal::Revoked));
        assert_eq!(gateway.rotate_secret(Secret::generate().unwrap().hash(), moment(2)), Err(Refusal::Revoked));
        assert_eq!(gateway, revoked, "a refusal changes nothing");
    }

    #[test]
    fn a_school_gets_no_more_gateways_than_its_bounds_say() {
        let one_more = |active, enrolled_of_late| GatewaysOfSchool { active, enrolled_of_late }.allow_one_more(5, 8);
        assert_eq!(
            [one_more(4, 7), one_more(5, 0), one_more(0, 8)],
            [Ok(()), Err(Refusal::TooMany { most: 5 }), Err(Refusal::TooManyOfLate { most: 8 })]
        );
    }

    #[test]
    fn a_code_gives_one_new_secret_within_a_day() {
        let (old, new, code, other) = (secret(), secret(), SecretHash::of("code"), SecretHash::of("other"));
        let mut gateway = enrolled(&old);
        assert_eq!(gateway.redeem_code(code, new.hash(), moment(1)), Err(CodeRefusal::Unknown), "there is none yet");
        assert_eq!(gateway.issue_code(code, moment(1)), Ok(GatewayChange::CodeIssued));
        assert!(gateway.admits(old.reveal()), "the old secret is good until the code is used");
        let waiting = gateway.clone();
        assert_eq!(waiting.version, 2);
        assert_eq!(gateway.redeem_code(other, new.hash(), moment(2)), Err(CodeRefusal::Unknown));
        assert_eq!(gateway.redeem_code(code, new.hash(), moment(1) + OpenCode::GOOD_FOR), Err(CodeRefusal::Expired));
        assert_eq!(gateway, waiting, "a refusal changes nothing");
        let in_time = moment(0) + OpenCode::GOOD_FOR;
        assert_eq!(gateway.redeem_code(code, new.hash(), in_time), Ok(GatewayChange::CodeRedeemed));
        assert_eq!((gateway.version, gateway.admits(old.reveal()), gateway.admits(new.reveal())), (3, false, true));
        assert_eq!(gateway.redeem_code(code, old.hash(), in_time), Err(CodeRefusal::Unknown), "it is used up");
    }

    #[test]
    fn a_code_ends_with_another_code_another_secret_and_the_gateway() {
        let (first, second) = (SecretHash::of("first"), SecretHash::of("second"));
        let waiting = || {
            let mut gateway = enrolled(&secret());
            gateway.issue_code(first, moment(1)).unwrap();
            gateway
        };
        let mut replaced = waiting();
        replaced.issue_code(second, moment(2)).unwrap();
        let mut rotated = waiting();
        rotated.rotate_secret(secret().hash(), moment(2)).unwrap();
        let mut revoked = waiting();
        revoked.revoke("noor".into(), lost(), moment(2)).unwrap();
        assert_eq!(revoked.issue_code(second, moment(3)), Err(Refusal::Revoked));
        for mut gateway in [replaced, rotated, revoked] {
            assert_eq!(gateway.redeem_code(first, secret().hash(), moment(3)), Err(CodeRefusal::Unknown));
        }
    }

    #[test]
    fn a_client_id_names_its_gateway_and_nothing_else() {
        let gateway = enrolled(&Secret::generate().unwrap());
        assert_eq!(Gateway::id_from_client_id(&gateway.client_id()), Some(gateway.id));
        assert_eq!(Gateway::id_from_client_id("gateway-"), None);
        assert_eq!(Gateway::id_from_client_id(&gateway.id.to_string()), None);
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
                let accepted = match step {
                    Step::Rotate => {
                        let new = Secret::generate().unwrap();
                        let accepted = gateway.rotate_secret(new.hash(), moment(second)).is_ok();
                        if accepted {
                            superseded.push(std::mem::replace(&mut latest, new));
                        }
                        accepted
                    }
                    Step::Revoke => gateway.revoke("noor".into(), lost(), moment(second)).is_ok(),
                };
                prop_assert_eq!(accepted, !revoked);
                revoked |= matches!(step, Step::Revoke);
                prop_assert_eq!(gateway.admits(latest.reveal()), !revoked);
                prop_assert!(!superseded.iter().any(|old| gateway.admits(old.reveal())));
            }
        }
    }
}
