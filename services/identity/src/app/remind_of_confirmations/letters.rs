//! Who hears what of the functions at a place that must be confirmed.

use std::collections::BTreeMap;

use auth::Function;
use chrono::{DateTime, Utc};
use runtime::PersonId;

use super::authority::Authority;
use crate::domain::{Appointment, Email, Reminder};

/// What is to be told at a place: one letter for each recipient and reminder.
#[derive(Default)]
pub struct Letters<'a> {
    /// What they are about.
    pub due: Vec<(Reminder, &'a Appointment)>,
    pub to_confirm: BTreeMap<(PersonId, Reminder), ToConfirm<'a>>,
    pub to_be_confirmed: BTreeMap<PersonId, ToBeConfirmed<'a>>,
    /// What operators are asked because nobody nearer may: they get one letter about all places.
    pub passed_on: Vec<(Reminder, &'a Appointment)>,
    /// Who was asked, without what is passed on: that is counted once it is sent.
    pub counts: BTreeMap<(Reminder, Asked), u64>,
}

/// To somebody who may confirm.
pub struct ToConfirm<'a> {
    pub to: &'a Email,
    pub appointments: Vec<&'a Appointment>,
}

/// To the holder.
pub struct ToBeConfirmed<'a> {
    pub to: &'a Email,
    /// Each with a function whose holders may confirm it.
    pub appointments: Vec<(&'a Appointment, Function)>,
}

/// Who was asked to confirm an appointment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case", const_into_str)]
pub enum Asked {
    /// Those nearest to it.
    Nearest,
    /// Those above them, since nobody nearer is left.
    Above,
    Nobody,
}

impl<'a> Letters<'a> {
    /// Of what is due now. `authorities` are those over each function, nearest first.
    pub fn of(appointments: &'a [Appointment], authorities: &'a BTreeMap<Function, Vec<Authority>>, now: DateTime<Utc>) -> Self {
        let mut letters = Self::default();
        for appointment in appointments {
            if let Some(reminder) = appointment.due_reminder(now) {
                let authorities = authorities.get(&appointment.function).map(Vec::as_slice).unwrap_or_default();
                letters.add(appointment, reminder, authorities);
            }
        }
        letters
    }

    fn add(&mut self, appointment: &'a Appointment, reminder: Reminder, authorities: &'a [Authority]) {
        let holder = &appointment.person;
        // Nobody confirms themselves.
        let others = |authority: &&Authority| authority.holders.keys().any(|person| *person != holder.id);
        let asked = authorities.iter().find(others);
        let nearest = authorities.first();
        let answer = match asked {
            None => Asked::Nobody,
            Some(asked) if nearest.is_some_and(|nearest| nearest.function == asked.function) => Asked::Nearest,
            Some(_) => Asked::Above,
        };

        let is_passed_on = answer == Asked::Above && asked.is_some_and(|asked| asked.function == Function::Operator);
        if is_passed_on {
            self.passed_on.push((reminder, appointment));
        } else {
            for person in asked.into_iter().flat_map(|asked| asked.holders.values()).filter(|person| person.id != holder.id) {
                let Some(to) = person.email() else { continue };
                let nothing = ToConfirm { to, appointments: Vec::new() };
                self.to_confirm.entry((person.id, reminder)).or_insert(nothing).appointments.push(appointment);
            }
            *self.counts.entry((reminder, answer)).or_default() += 1;
        }
        if let (Reminder::Week, Some(to)) = (reminder, holder.email()) {
            let confirmed_by = asked.or(nearest).map_or(Function::Operator, |authority| authority.function);
            let nothing = ToBeConfirmed { to, appointments: Vec::new() };
            self.to_be_confirmed.entry(holder.id).or_insert(nothing).appointments.push((appointment, confirmed_by));
        }
        self.due.push((reminder, appointment));
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::domain::{Person, Term};

    fn person(number: u128) -> Person {
        let (name, email) = (format!("Persoon {number}"), format!("{number}@school.example"));
        Person::known(Uuid::from_u128(number).into(), name.as_str().try_into().unwrap(), email.as_str().try_into().unwrap())
    }

    fn held_by(function: Function, people: &[u128]) -> Authority {
        Authority { function, holders: people.iter().map(|number| person(*number)).map(|person| (person.id, person)).collect() }
    }

    #[test]
    fn it_is_counted_who_was_asked_and_what_operators_must_be_asked_is_passed_on() {
        let now: DateTime<Utc> = "2027-11-20T09:00:00Z".parse().unwrap();
        let term = Term::new("2026-11-24T09:00:00Z".parse().unwrap(), None).unwrap();
        let member = Function::BoardMember(Uuid::from_u128(1).into());
        for (nearest, above, operators, asked) in [
            (vec![1, 2], vec![4], vec![3], Some(Asked::Nearest)),
            (vec![1], vec![1, 4], vec![3], Some(Asked::Above)),
            (vec![1], vec![], vec![1, 3], None),
            (vec![], vec![1], vec![3], None),
            (vec![1], vec![1], vec![1], Some(Asked::Nobody)),
            (vec![], vec![], vec![], Some(Asked::Nobody)),
        ] {
            let (appointment, _) = Appointment::appoint(Uuid::from_u128(9).into(), person(1), member, term, "person:4".to_owned());
            let over = [held_by(member, &nearest), held_by(Function::ResponseLead, &above), held_by(Function::Operator, &operators)];
            let over = BTreeMap::from([(member, Vec::from(over))]);
            let appointments = [appointment];
            let letters = Letters::of(&appointments, &over, now);
            let counts: Vec<_> = letters.counts.into_iter().collect();
            let counted: Vec<_> = asked.map(|asked| ((Reminder::Week, asked), 1)).into_iter().collect();
            assert_eq!(counts, counted, "{nearest:?} {above:?} {operators:?}");
            assert_eq!(letters.passed_on.len(), usize::from(asked.is_none()), "{nearest:?} {above:?} {operators:?}");
        }
    }
}
