//! Targets with a clock: how long is left, and how a person should take it.

use chrono::{DateTime, TimeDelta, Utc};

/// Something to be done before a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) start: DateTime<Utc>,
    pub(crate) due: DateTime<Utc>,
    /// From when on it is near, as incident-intake says it; lists are in that order too.
    pub(crate) soon: DateTime<Utc>,
    pub(crate) done: Option<DateTime<Utc>>,
}

/// How a target stands at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// There is time.
    Running { left: TimeDelta },
    /// It is near.
    Soon { left: TimeDelta },
    /// Overdue, and still to be done.
    Late { by: TimeDelta },
    /// Done in time.
    Met { after: TimeDelta },
    /// Done, but too late.
    Missed { after: TimeDelta },
}

impl Target {
    pub(crate) fn standing(&self, now: DateTime<Utc>) -> Standing {
        if let Some(done) = self.done {
            let after = (done - self.start).max(TimeDelta::zero());
            return if done <= self.due { Standing::Met { after } } else { Standing::Missed { after } };
        }
        let left = self.due - now;
        if left < TimeDelta::zero() {
            return Standing::Late { by: -left };
        }
        if now >= self.soon { Standing::Soon { left } } else { Standing::Running { left } }
    }

    /// The part of the time that is left, 0..=100, for the ring.
    pub(crate) fn percent_left(&self, now: DateTime<Utc>) -> i64 {
        let allowed = self.allowed().num_seconds().max(1);
        let left = (self.due - now).num_seconds().clamp(0, allowed);
        left * 100 / allowed
    }

    /// From start to due.
    pub(crate) fn allowed(&self) -> TimeDelta {
        (self.due - self.start).max(TimeDelta::zero())
    }
}

impl Standing {
    /// The value of `data-state` in the styles.
    pub(crate) const fn state(self) -> &'static str {
        match self {
            Self::Running { .. } => "run",
            Self::Soon { .. } => "soon",
            Self::Late { .. } => "late",
            Self::Met { .. } => "met",
            Self::Missed { .. } => "rest",
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(minutes: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::minutes(minutes)
    }

    fn open_target() -> Target {
        Target { start: at(0), due: at(120), soon: at(60), done: None }
    }

    #[test]
    fn a_clock_is_near_from_the_moment_it_is_told_and_late_past_due() {
        let states = [0, 59, 60, 120, 121].map(|minute| open_target().standing(at(minute)).state());
        assert_eq!(states, ["run", "run", "soon", "soon", "late"]);
    }

    #[test]
    fn a_target_met_late_says_so_and_no_longer_shouts() {
        let target = Target { done: Some(at(150)), ..open_target() };
        assert_eq!(target.standing(at(500)), Standing::Missed { after: TimeDelta::minutes(150) });
        assert_eq!(target.standing(at(500)).state(), "rest");
    }

    proptest! {
        #[test]
        fn the_ring_never_leaves_its_circle(start in -1_000_000_i64..1_000_000, allowed in -1_000_i64..1_000_000, now in -2_000_000_i64..2_000_000) {
            let target = Target { start: at(start), due: at(start + allowed), soon: at(start), done: None };
            prop_assert!((0..=100).contains(&target.percent_left(at(now))));
        }

        #[test]
        fn an_open_clock_only_ever_moves_towards_late(now in -100_i64..300, later in 0_i64..300) {
            let rank = |minute| match open_target().standing(at(minute)) {
                Standing::Running { .. } => 0,
                Standing::Soon { .. } => 1,
                _ => 2,
            };
            prop_assert!(rank(now) <= rank(now + later));
        }
    }
}
