//! Targets with a clock: how long is left, and how a person should take it.

use askama::{Template, filters::HtmlSafe};
use chrono::{DateTime, TimeDelta, Utc};

use super::icon::{Icon, IconMark};
use crate::{language::Language, words::Terms};

/// Something to be done before a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Target {
    pub start: DateTime<Utc>,
    pub due: DateTime<Utc>,
    /// From when on it is near, as incident-intake says it; lists are in that order too.
    pub soon: DateTime<Utc>,
    pub done: Option<DateTime<Utc>>,
}

/// The state of a target at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
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
    pub fn standing(&self, now: DateTime<Utc>) -> Standing {
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
    pub fn percent_left(&self, now: DateTime<Utc>) -> i64 {
        let allowed = self.allowed().num_seconds().max(1);
        let left = (self.due - now).num_seconds().clamp(0, allowed);
        left * 100 / allowed
    }

    /// From start to due.
    pub fn allowed(&self) -> TimeDelta {
        (self.due - self.start).max(TimeDelta::zero())
    }
}

impl Standing {
    /// The value of `data-state` in the styles.
    pub const fn state(self) -> &'static str {
        match self {
            Self::Running { .. } => "run",
            Self::Soon { .. } => "soon",
            Self::Late { .. } => "late",
            Self::Met { .. } => "met",
            Self::Missed { .. } => "rest",
        }
    }
}

/// A clock in a list: icon, label and how long.
#[derive(Template)]
#[template(
    ext = "html",
    source = r#"<span class="clock" data-state="{{ standing.state() }}">{{ icon }}<span>{{ label }}</span> <b>{{ text }}</b></span>"#
)]
pub struct ClockMark {
    standing: Standing,
    icon: IconMark,
    label: &'static str,
    text: String,
}

impl ClockMark {
    pub fn new(target: Target, label: &'static str, now: DateTime<Utc>, language: Language) -> Self {
        let standing = target.standing(now);
        let icon = match standing {
            Standing::Running { .. } | Standing::Soon { .. } => Icon::Clock,
            Standing::Late { .. } => Icon::Alert,
            Standing::Met { .. } => Icon::Check,
            Standing::Missed { .. } => Icon::Partly,
        };
        Self { standing, icon: icon.plain(), label, text: text(standing, language) }
    }
}

/// A clock on its own card: a ring, how long, and the moment itself.
#[derive(Template)]
#[template(path = "mark/timer.html")]
pub struct TimerMark {
    standing: Standing,
    percent_left: i64,
    label: &'static str,
    text: String,
    detail: String,
}

impl TimerMark {
    pub fn new(target: Target, label: &'static str, now: DateTime<Utc>, language: Language) -> Self {
        let standing = target.standing(now);
        Self {
            standing,
            percent_left: target.percent_left(now),
            label,
            text: text(standing, language),
            detail: detail(target, now, language),
        }
    }

    const fn is_met(&self) -> bool {
        matches!(self.standing, Standing::Met { .. })
    }

    const fn is_missed(&self) -> bool {
        matches!(self.standing, Standing::Missed { .. })
    }
}

/// What a clock says: `nog 3 u 30`, `12 min te laat`, `na 14 min`.
fn text(standing: Standing, language: Language) -> String {
    let terms = Terms(language);
    match standing {
        Standing::Running { left } | Standing::Soon { left } => terms.left(language.clock_duration(left)),
        Standing::Late { by } => terms.late_by(language.clock_duration(by)),
        Standing::Met { after } | Standing::Missed { after } => terms.after(language.duration(after)),
    }
}

/// The quieter line under a clock: the moment itself, or how it ended.
fn detail(target: Target, now: DateTime<Utc>, language: Language) -> String {
    let terms = Terms(language);
    let goal = || language.duration(target.allowed());
    match target.standing(now) {
        Standing::Running { .. } | Standing::Soon { .. } | Standing::Late { .. } => language.short_moment(target.due, now),
        Standing::Met { .. } => terms.met_goal(goal()),
        Standing::Missed { .. } => terms.missed_goal(goal()),
    }
}

impl HtmlSafe for ClockMark {}
impl HtmlSafe for TimerMark {}

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
