//! Who holds which function, as identity says it; beside what the issuer says in a token.

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
    time::{Duration, Instant},
};

use chrono::{DateTime, Utc};
use runtime::{Error, PersonId, Result};

use crate::Function;

/// How long what is known may be believed without news. With the five seconds in which the log's leaders are asked, a function that has
/// ended opens nothing after a minute.
const BELIEVED_FOR: Duration = Duration::from_secs(45);

/// A function, and when its holder has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HeldFunction {
    pub function: Function,
    pub from: DateTime<Utc>,
    /// The first moment when they no longer have it; `None`: no end is known.
    pub until: Option<DateTime<Utc>>,
}

impl HeldFunction {
    fn holds_at(&self, now: DateTime<Utc>) -> bool {
        self.from <= now && self.until.is_none_or(|until| now < until)
    }
}

/// The functions of everybody. Shared by all contexts of a process; fed from `identity.function.v1`. While it is not fed, nobody holds any.
#[derive(Clone, Debug, Default)]
pub struct HeldFunctions(Arc<RwLock<Known>>);

#[derive(Debug, Default)]
struct Known {
    of: HashMap<PersonId, Vec<HeldFunction>>,
    /// A moment of which everything is known that was said until then; `None` while nobody feeds it.
    complete_as_of: Option<Instant>,
}

impl HeldFunctions {
    /// Replaces the functions of a person.
    pub fn put(&self, person: PersonId, functions: Vec<HeldFunction>) {
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if functions.is_empty() {
            known.of.remove(&person);
        } else {
            known.of.insert(person, functions);
        }
    }

    /// Replaces the functions of everybody by what `other` knows, all at once.
    pub fn replace(&self, other: Self) {
        let new = std::mem::take(&mut *other.0.write().unwrap_or_else(PoisonError::into_inner));
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = new;
    }

    /// Everything is known that was said until this moment.
    pub fn complete_as_of(&self, moment: Instant) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).complete_as_of = Some(moment);
    }

    /// What a person holds now.
    ///
    /// # Errors
    /// `Unavailable` when the person may have lost a function that is still known here: there has been no news for too long.
    pub(crate) fn of(&self, person: PersonId, now: DateTime<Utc>) -> Result<Vec<HeldFunction>> {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let Some(functions) = known.of.get(&person) else { return Ok(Vec::new()) };
        if known.complete_as_of.is_some_and(|moment| moment.elapsed() > BELIEVED_FOR) {
            return Err(Error::unavailable("functions_stale", "no news for too long of who holds which function"));
        }
        Ok(functions.iter().copied().filter(|held| held.holds_at(now)).collect())
    }
}

#[cfg(test)]
mod tests {
    use runtime::ErrorKind;
    use uuid::Uuid;

    use super::*;

    fn moment(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    fn term(from: &str, until: Option<&str>) -> HeldFunction {
        HeldFunction { function: Function::Editor, from: moment(from), until: until.map(moment) }
    }

    #[test]
    fn a_function_holds_from_its_first_moment_until_its_last() {
        let (functions, person) = (HeldFunctions::default(), Uuid::from_u128(1).into());
        let held = term("2026-09-01T00:00:00Z", Some("2027-07-01T00:00:00Z"));
        functions.put(person, vec![held]);
        for (now, holds) in [
            ("2026-08-31T23:59:59Z", false),
            ("2026-09-01T00:00:00Z", true),
            ("2027-06-30T23:59:59Z", true),
            ("2027-07-01T00:00:00Z", false),
        ] {
            assert_eq!(functions.of(person, moment(now)).unwrap() == [held], holds, "{now}");
        }
    }

    #[test]
    fn what_is_put_replaces_what_a_person_had() {
        let (functions, person, other): (_, PersonId, PersonId) =
            (HeldFunctions::default(), Uuid::from_u128(1).into(), Uuid::from_u128(2).into());
        let now = moment("2026-11-29T00:00:00Z");
        functions.put(person, vec![term("2026-01-01T00:00:00Z", None)]);
        functions.put(other, vec![term("2026-02-01T00:00:00Z", None)]);
        functions.put(person, Vec::new());
        assert_eq!(functions.of(person, now).unwrap(), []);
        assert_eq!(functions.of(other, now).unwrap().len(), 1);
        functions.replace(HeldFunctions::default());
        assert_eq!(functions.of(other, now).unwrap(), []);
    }

    #[test]
    fn without_news_for_too_long_a_function_opens_nothing() {
        let (functions, person) = (HeldFunctions::default(), Uuid::from_u128(1).into());
        let now = moment("2026-11-29T00:00:00Z");
        functions.put(person, vec![term("2026-01-01T00:00:00Z", None)]);
        functions.complete_as_of(Instant::now());
        assert_eq!(functions.of(person, now).unwrap().len(), 1);
        functions.complete_as_of(Instant::now().checked_sub(BELIEVED_FOR + Duration::from_secs(1)).unwrap());
        assert_eq!(functions.of(person, now).unwrap_err().kind(), ErrorKind::Unavailable);
        assert_eq!(functions.of(Uuid::from_u128(9).into(), now).unwrap(), [], "who holds none has none to lose");
    }
}
