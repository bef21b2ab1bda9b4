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
    pub counts: BTreeMap<(Reminder, Asked), u64>,
}

/// To somebody who may confirm.
pub struct ToConfirm<'a> {
    pub to: &'a Email,
    pub appointments: Vec<&'a Appointment>,
    /// They are asked because nobody nearer may, or is left.
    pub is_passed_on: bool,
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

        for person in asked.into_iter().flat_map(|asked| asked.holders.values()).filter(|person| person.id != holder.id) {
            let nothing = ToConfirm { to: &person.email, appointments: Vec::new(), is_passed_on: false };
            let letter = self.to_confirm.entry((person.id, reminder)).or_insert(nothing);
            letter.appointments.push(appointment);
            letter.is_passed_on |= answer == Asked::Above;
        }
        if reminder == Reminder::Week {
            let confirmed_by = asked.or(nearest).map_or(Function::Operator, |authority| authority.function);
            let nothing = ToBeConfirmed { to: &holder.email, appointments: Vec::new() };
            self.to_be_confirmed.entry(holder.id).or_insert(nothing).appointments.push((appointment, confirmed_by));
        }
        *self.counts.entry((reminder, answer)).or_default() += 1;
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
        Person { id: Uuid::from_u128(number).into(), name: name.as_str().try_into().unwrap(), email: email.as_str().try_into().unwrap() }
    }

    fn held_by(function: Function, people: &[u128]) -> Authority {
        Authority { function, holders: people.iter().map(|number| person(*number)).map(|person| (person.id, person)).collect() }
    }

    #[test]
    fn it_is_counted_who_was_asked() {
        let now: DateTime<Utc> = "2027-11-20T09:00:00Z".parse().unwrap();
        let term = Term::new("2026-11-24T09:00:00Z".parse().unwrap(), None).unwrap();
        let member = Function::BoardMember(Uuid::from_u128(1).into());
        for (nearest, operators, asked) in [
            (vec![1, 2], vec![3], Asked::Nearest),
            (vec![1], vec![1, 3], Asked::Above),
            (vec![], vec![3], Asked::Above),
            (vec![1], vec![1], Asked::Nobody),
            (vec![], vec![], Asked::Nobody),
        ] {
            let (appointment, _) = Appointment::appoint(Uuid::from_u128(9).into(), person(1), member, term, "person:4".to_owned());
            let over = BTreeMap::from([(member, vec![held_by(member, &nearest), held_by(Function::Operator, &operators)])]);
            let appointments = [appointment];
            let letters = Letters::of(&appointments, &over, now);
            assert_eq!(letters.counts, BTreeMap::from([((Reminder::Week, asked), 1)]), "{nearest:?} {operators:?}");
        }
    }
}
