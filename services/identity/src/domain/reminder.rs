//! Reminders: those who may confirm a function hear in time that it ends.

use chrono::{DateTime, NaiveTime, TimeDelta, Utc};

/// How long before a function ends its confirmers are reminded; each once a year.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, strum::EnumString, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case", const_into_str)]
pub enum Reminder {
    /// 30 days.
    Month,
    /// 7 days. The last one: the holder hears too.
    Week,
}

impl Reminder {
    /// Six in the morning (UTC): those of one day come in one mail, and none comes at night.
    const AT: TimeDelta = TimeDelta::hours(6);

    /// When it is due, for a function that ends then.
    pub fn due_at(self, ends: DateTime<Utc>) -> DateTime<Utc> {
        let before = match self {
            Self::Month => TimeDelta::days(30),
            Self::Week => TimeDelta::days(7),
        };
        (ends - before).date_naive().and_time(NaiveTime::MIN).and_utc() + Self::AT
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reminders_are_due_in_the_morning_of_a_day_30_and_7_days_before_the_end() {
        let moment = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
        for ends in ["2027-11-24T00:00:00Z", "2027-11-24T05:59:59Z", "2027-11-24T23:59:59Z"].map(moment) {
            assert_eq!(Reminder::Month.due_at(ends), moment("2027-10-25T06:00:00Z"), "{ends}");
            assert_eq!(Reminder::Week.due_at(ends), moment("2027-11-17T06:00:00Z"), "{ends}");
        }
    }
}
