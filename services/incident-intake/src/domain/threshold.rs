//! How much of one kind of incident, in what time, is a case.
//!
//! Counting is per school and class, over a sliding window of *event* time: when things happened, not when we heard of
//! them, so that a sensor that was cut off for a while and then delivers late leads to the same cases.

use chrono::{DateTime, TimeDelta, Utc};
use runtime::AlertId;
use serde::{Deserialize, Serialize};

/// When a case opens. Its name says in timelines why a case opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, strum::IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case", const_into_str)]
pub enum Threshold {
    /// With the first alert.
    FirstAlert,
    /// With so many events within the window.
    #[strum(serialize = "events_within_window")]
    Events {
        /// At least 2.
        count: u64,
        /// Longer than zero.
        #[serde(with = "whole_seconds")]
        within: TimeDelta,
    },
    /// With so many different alerts within the window.
    #[strum(serialize = "alerts_within_window")]
    Alerts {
        /// At least 2.
        count: u64,
        /// Longer than zero.
        #[serde(with = "whole_seconds")]
        within: TimeDelta,
    },
    /// Never by itself.
    Never,
}

/// Stored as a number of seconds.
mod whole_seconds {
    use chrono::TimeDelta;
    use serde::{Deserialize as _, Deserializer, Serializer, de};

    pub(super) fn serialize<S: Serializer>(delta: &TimeDelta, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_i64(delta.num_seconds())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<TimeDelta, D::Error> {
        TimeDelta::try_seconds(i64::deserialize(deserializer)?).ok_or_else(|| de::Error::custom("too many seconds"))
    }
}

/// Events of one alert at one moment. Events that were folded together count at the moment of the last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sighting {
    pub alert_id: AlertId,
    pub at: DateTime<Utc>,
    pub events: u64,
}

impl Threshold {
    /// How many events or alerts, and within what time; one and zero for a first alert.
    pub const fn figures(self) -> (u64, TimeDelta) {
        match self {
            Self::Events { count, within } | Self::Alerts { count, within } => (count, within),
            Self::FirstAlert | Self::Never => (1, TimeDelta::zero()),
        }
    }

    /// How long sightings matter; zero when a single one decides.
    pub fn window(self) -> TimeDelta {
        match self {
            Self::Events { within, .. } | Self::Alerts { within, .. } => within,
            Self::FirstAlert | Self::Never => TimeDelta::zero(),
        }
    }

    /// Whether some stretch of time shorter than the window holds enough. The order of the sightings does not matter.
    pub fn is_reached(self, sightings: &[Sighting]) -> bool {
        match self {
            Self::FirstAlert => !sightings.is_empty(),
            Self::Never => false,
            Self::Events { count, within } => stretches(sightings, within, |stretch| {
                let events = stretch.iter().fold(0_u64, |sum, sighting| sum.saturating_add(sighting.events));
                events >= count
            }),
            Self::Alerts { count, within } => stretches(sightings, within, |stretch| {
                let mut alerts: Vec<AlertId> = stretch.iter().map(|sighting| sighting.alert_id).collect();
                alerts.sort_unstable();
                alerts.dedup();
                alerts.len() as u64 >= count
            }),
        }
    }
}

/// Whether any longest stretch of sightings, all within `window` of its first, is enough.
fn stretches(sightings: &[Sighting], window: TimeDelta, is_enough: impl Fn(&[Sighting]) -> bool) -> bool {
    let mut in_order = sightings.to_vec();
    in_order.sort_unstable_by_key(|sighting| sighting.at);
    let mut end = 0;
    for begin in 0..in_order.len() {
        while end < in_order.len() && in_order[end].at - in_order[begin].at < window {
            end += 1;
        }
        if is_enough(&in_order[begin..end]) {
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;

    const WINDOW: TimeDelta = TimeDelta::minutes(10);

    fn sighting(alert: u64, second: i64, events: u64) -> Sighting {
        Sighting { alert_id: AlertId::from(Uuid::from_u64_pair(0, alert)), at: DateTime::UNIX_EPOCH + TimeDelta::seconds(second), events }
    }

    fn sightings() -> impl Strategy<Value = Vec<Sighting>> {
        prop::collection::vec(
            (0_u64..6, 0_i64..2_400, 1_u64..20).prop_map(|(alert, second, events)| sighting(alert, second, events)),
            0..40,
        )
    }

    fn threshold() -> impl Strategy<Value = Threshold> {
        prop_oneof![
            Just(Threshold::FirstAlert),
            Just(Threshold::Never),
            (2_u64..120).prop_map(|count| Threshold::Events { count, within: WINDOW }),
            (2_u64..7).prop_map(|count| Threshold::Alerts { count, within: WINDOW }),
        ]
    }

    /// The definition, written without a sliding window.
    fn naive(threshold: Threshold, all: &[Sighting]) -> bool {
        all.iter().any(|first| {
            let window: Vec<_> = all.iter().filter(|other| other.at >= first.at && other.at < first.at + WINDOW).collect();
            match threshold {
                Threshold::FirstAlert => true,
                Threshold::Never => false,
                Threshold::Events { count, .. } => window.iter().map(|sighting| sighting.events).sum::<u64>() >= count,
                Threshold::Alerts { count, .. } => {
                    window.iter().map(|sighting| sighting.alert_id).collect::<std::collections::BTreeSet<_>>().len() as u64 >= count
                }
            }
        })
    }

    #[test]
    fn the_end_of_the_window_is_outside_it() {
        let threshold = Threshold::Events { count: 2, within: WINDOW };
        assert!(threshold.is_reached(&[sighting(1, 0, 1), sighting(1, 599, 1)]));
        assert!(!threshold.is_reached(&[sighting(1, 0, 1), sighting(1, 600, 1)]));
    }

    #[test]
    fn one_alert_that_grows_is_one_alert() {
        let threshold = Threshold::Alerts { count: 2, within: WINDOW };
        assert!(!threshold.is_reached(&[sighting(1, 0, 100), sighting(1, 1, 100)]));
        assert!(threshold.is_reached(&[sighting(1, 0, 1), sighting(2, 1, 1)]));
    }

    #[test]
    fn absurd_counts_do_not_overflow() {
        let threshold = Threshold::Events { count: 2, within: WINDOW };
        assert!(threshold.is_reached(&[sighting(1, 0, u64::MAX), sighting(1, 0, u64::MAX)]));
    }

    proptest! {
        #[test]
        fn the_sliding_window_agrees_with_the_definition(threshold in threshold(), all in sightings()) {
            prop_assert_eq!(threshold.is_reached(&all), naive(threshold, &all));
        }

        #[test]
        fn the_order_of_hearing_does_not_matter(threshold in threshold(), all in sightings(), seed in any::<u64>()) {
            let mut shuffled = all.clone();
            shuffled.sort_by_key(|sighting| (sighting.at.timestamp() as u64 ^ seed).wrapping_mul(0x9E37_79B9_7F4A_7C15));
            prop_assert_eq!(threshold.is_reached(&all), threshold.is_reached(&shuffled));
        }

        #[test]
        fn more_sightings_never_undo_it(threshold in threshold(), all in sightings(), more in sightings()) {
            if threshold.is_reached(&all) {
                let together: Vec<_> = all.into_iter().chain(more).collect();
                prop_assert!(threshold.is_reached(&together));
            }
        }

        #[test]
        fn the_hour_of_the_day_does_not_matter(threshold in threshold(), all in sightings(), shift in -100_000_i64..100_000) {
            let later: Vec<_> = all.iter().map(|sighting| Sighting { at: sighting.at + TimeDelta::seconds(shift), ..*sighting }).collect();
            prop_assert_eq!(threshold.is_reached(&all), threshold.is_reached(&later));
        }

        /// What lies outside the window around a sighting cannot matter for it: this is what the store may leave out.
        #[test]
        fn only_the_neighbourhood_of_the_newest_matters(threshold in threshold(), all in sightings(), newest in (0_u64..6, 0_i64..2_400, 1_u64..20)) {
            let newest = sighting(newest.0, newest.1, newest.2);
            let with_newest: Vec<_> = all.iter().copied().chain([newest]).collect();
            let around = |other: &Sighting| (other.at - newest.at).abs() < WINDOW;
            let nearby: Vec<_> = with_newest.iter().copied().filter(around).collect();
            let became_enough = threshold.is_reached(&with_newest) && !threshold.is_reached(&all);
            if became_enough {
                prop_assert!(threshold.is_reached(&nearby));
            }
        }
    }
}
