//! How long what is kept, in plain words.

use content::Text;
use portal_frame::Language;
use service::{Ends, Period};

/// A row of the page about privacy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Kept {
    pub(crate) what: String,
    pub(crate) how_long: String,
    pub(crate) why: String,
}

pub(crate) fn kept(period: &Period, language: Language) -> Kept {
    let text = |text: &Text| language.pick(text.nl.as_str(), text.en.as_str()).to_owned();
    let how_long = match &period.ends {
        Ends::After { days, from } => format!("{} {} {}", length(*days, language), language.pick("na", "from"), text(from)),
        Ends::Otherwise(until) => text(until),
    };
    Kept { what: text(&period.name), how_long, why: text(&period.reason) }
}

/// In years where it is whole years, with or without their leap days.
fn length(days: u32, language: Language) -> String {
    let years = days / 365;
    let leap_days = days % 365;
    match years {
        1.. if leap_days <= years.div_ceil(4) => format!("{years} {}", language.pick("jaar", if years == 1 { "year" } else { "years" })),
        _ if days == 1 => language.pick("1 dag", "1 day").to_owned(),
        _ => format!("{days} {}", language.pick("dagen", "days")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_is_said_as_people_say_it() {
        let dutch = |days| length(days, Language::Dutch);
        assert_eq!([365, 366, 1_826, 7_305].map(dutch), ["1 jaar", "1 jaar", "5 jaar", "20 jaar"]);
        assert_eq!([1, 30, 364, 367, 400].map(dutch), ["1 dag", "30 dagen", "364 dagen", "367 dagen", "400 dagen"]);
        assert_eq!([1, 30, 365, 1_826].map(|days| length(days, Language::English)), ["1 day", "30 days", "1 year", "5 years"]);
    }
}
