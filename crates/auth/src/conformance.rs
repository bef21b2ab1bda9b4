//! Whether an app lets people in as surely as the policy asks: what Schildwacht asks of itself ([`SignInPolicy::step_up`]), asked of others.

use crate::{
    SignInMethod, SignInPolicy,
    sign_in::{CLASSES, Condition, Population},
};

/// A way into an app, as its vendor declares it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WayIn {
    /// The `acr` of how people sign in.
    pub method: String,
    /// The highest class of information that it opens, 1 to [`CLASSES`].
    pub class: u8,
    /// After how long the app asks to sign in again before it opens that class; `None` for never.
    pub within_minutes: Option<u32>,
}

/// What is wrong with a way in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shortcoming {
    /// The register does not have the method, so it counts as the weakest.
    UnknownMethod,
    /// The method is for programs: no person can sign in by it.
    NotForPeople,
    LevelTooLow,
    NotPhishingResistant,
    /// The app asks too seldom to sign in again, or never.
    TooLongAgo,
}

/// How a way in compares with what the policy asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judgement {
    pub asked: Condition,
    /// In the order of [`Shortcoming`]; empty when the way in will do. An unknown method alone is no shortcoming where the weakest will do.
    pub shortcomings: Vec<Shortcoming>,
    /// The highest class that it would do for, with all below it; 0 for none.
    pub suffices_for: u8,
    /// The methods that would do, the strongest last.
    pub better: Vec<String>,
}

impl SignInPolicy {
    /// Compares a way in with what the policy asks of these people.
    pub fn judge(&self, way: &WayIn, of: Population) -> Judgement {
        let asked = self.condition(way.class, of);
        let shortcomings = self.shortcomings(way, asked);
        let does_for = |class: &u8| self.shortcomings(way, self.condition(*class, of)).is_empty();
        let suffices_for = (1..=CLASSES).take_while(does_for).last().unwrap_or(0);
        Judgement { asked, shortcomings, suffices_for, better: self.sufficing(asked) }
    }

    fn shortcomings(&self, way: &WayIn, asked: Condition) -> Vec<Shortcoming> {
        let method = self.methods().get(&way.method);
        let (level, resists) = SignInMethod::strength_of(method);
        let is_weak = !asked.is_met_by((level, resists));
        let is_too_seldom = asked.within_minutes.is_some_and(|most| way.within_minutes.is_none_or(|given| given > most));
        let found = [
            (Shortcoming::UnknownMethod, method.is_none() && is_weak),
            (Shortcoming::NotForPeople, method.is_some_and(|method| method.is_client)),
            (Shortcoming::LevelTooLow, level < asked.level),
            (Shortcoming::NotPhishingResistant, asked.phishing_resistant && !resists),
            (Shortcoming::TooLongAgo, is_too_seldom),
        ];
        found.into_iter().filter_map(|(shortcoming, is_there)| is_there.then_some(shortcoming)).collect()
    }
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, TimeDelta, Utc};
    use content::{Library, Settings};

    use super::*;
    use crate::{Function, SignIn};

    const ITSME: &str = "urn:be:vlaanderen:authmech:itsme";
    const LEERID: &str = "urn:schildwacht:leerid";
    const UNKNOWN: &str = "urn:vendor:magic-link";

    fn way(method: &str, class: u8, within_minutes: Option<u32>) -> WayIn {
        WayIn { method: method.to_owned(), class, within_minutes }
    }

    fn judged(way: &WayIn, of: Population) -> Judgement {
        let library = Library::<SignInPolicy>::load(&Settings::default()).unwrap();
        library.at("2026-11-30T09:00:00Z".parse().unwrap()).unwrap().body.judge(way, of)
    }

    #[test]
    fn each_shortcoming_is_told_and_how_far_the_way_in_would_do() {
        use Population::{Family, Staff};
        use Shortcoming::{LevelTooLow, NotForPeople, TooLongAgo, UnknownMethod};
        for (method, class, within, of, shortcomings, suffices_for) in [
            (ITSME, 3, None, Staff, vec![], 3),
            (ITSME, 4, Some(60), Staff, vec![], 4),
            (ITSME, 4, Some(61), Staff, vec![TooLongAgo], 3),
            (ITSME, 4, None, Staff, vec![TooLongAgo], 3),
            (ITSME, 5, Some(5), Staff, vec![], 5),
            (LEERID, 3, None, Family, vec![], 3),
            (LEERID, 3, None, Staff, vec![LevelTooLow], 2),
            (LEERID, 4, None, Family, vec![LevelTooLow, TooLongAgo], 3),
            (UNKNOWN, 2, None, Staff, vec![], 2),
            (UNKNOWN, 3, None, Staff, vec![UnknownMethod, LevelTooLow], 2),
            ("urn:schildwacht:client", 3, None, Staff, vec![NotForPeople], 0),
        ] {
            let judged = judged(&way(method, class, within), of);
            assert_eq!(
                (judged.shortcomings, judged.suffices_for),
                (shortcomings, suffices_for),
                "{method}, class {class}, {within:?}, {of:?}"
            );
        }
    }

    #[test]
    fn what_would_do_is_told_beside_what_is_asked() {
        let judged = judged(&way(LEERID, 4, Some(60)), Population::Staff);
        assert_eq!((judged.asked.level, judged.asked.within_minutes), (2, Some(60)));
        assert!(judged.better.contains(&ITSME.to_owned()) && !judged.better.contains(&LEERID.to_owned()), "{:?}", judged.better);
    }

    #[test]
    fn phishing_resistance_is_a_shortcoming_of_its_own() {
        let text = "id: sign-in\nversion: \"1\"\nvalid_from: 2026-01-01\nsources: [{ title: a test }]\nbody:\n  methods:\n    key: { level: 2, phishing_resistant: true, name: { nl: S, en: K } }\n    code: { level: 2, name: { nl: C, en: C } }\n  conditions:\n";
        let classes: String =
            (1..=CLASSES).map(|class| format!("    {class}: {{ everybody: {{ level: 2, phishing_resistant: true }} }}\n")).collect();
        let library = Library::<SignInPolicy>::read(&[("a.yaml".to_owned(), format!("{text}{classes}"))]).unwrap();
        let policy = &library.packs()[0].body;
        assert_eq!(policy.judge(&way("code", 1, None), Population::Staff).shortcomings, [Shortcoming::NotPhishingResistant]);
        assert_eq!(policy.judge(&way("key", 1, None), Population::Staff).shortcomings, []);
    }

    /// What an app is asked is what Schildwacht asks of itself.
    #[test]
    fn a_way_in_will_do_where_we_would_ask_for_nothing_better() {
        let library = Library::<SignInPolicy>::load(&Settings::default()).unwrap();
        let now: DateTime<Utc> = "2026-11-30T09:00:00Z".parse().unwrap();
        let policy = &library.at(now).unwrap().body;
        let people = policy.methods().iter().filter(|(_, method)| !method.is_client).map(|(acr, _)| acr.as_str());
        for method in people.chain([UNKNOWN]) {
            for (class, minutes) in (1..=CLASSES).flat_map(|class| [5, 6, 60, 61].map(|minutes| (class, minutes))) {
                let sign_in =
                    SignIn { method: Some(method.to_owned()), at: Some(now - TimeDelta::minutes(minutes.into())), provider: None };
                for (of, function) in [(Population::Family, Function::Parent), (Population::Staff, Function::Operator)] {
                    let judged = policy.judge(&way(method, class, Some(minutes)), of);
                    let asks_nothing = policy.step_up(&sign_in, class, &[function], now).is_none();
                    assert_eq!(judged.shortcomings.is_empty(), asks_nothing, "{method}, class {class}, {minutes} minutes, {of:?}");
                }
            }
        }
    }
}
