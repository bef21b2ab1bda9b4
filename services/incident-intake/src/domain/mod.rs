//! What cases are, and how alerts become cases: pure values and decisions, no clock, no store, no wire.
//!
//! | Module | Holds |
//! |---|---|
//! | [`alert`] | an alert as a sensor reported it, as far as cases need to know |
//! | [`class`], [`classes`] | kinds of incident from dated content: words, severity, thresholds |
//! | [`rule`] | which alert is of which kind |
//! | [`threshold`] | how much of a kind, in what time, is a case |
//! | [`case`] | the case, its states and transitions |
//! | [`case_devices`] | which devices of the school it is about |
//! | [`change`] | what happened to a case: its timeline |
//! | [`phase`], [`severity`], [`close_reason`], [`tlp`] | closed sets: names and numbers are said there once |
//! | [`person`] | who works on cases |
//! | [`queue`] | what people ask of the queue, and the figures at its head |
//! | [`reference`] | the number people use |
//! | [`school`] | whose case it is |
//! | [`story`] | what a school is told: what is going on, what to do and not to do, whom to call |
//! | [`target`] | when the team wants to have acted |
//! | [`words`] | texts people write |

pub mod alert;
pub mod case;
pub mod case_devices;
pub mod change;
pub mod class;
pub mod classes;
pub mod close_reason;
pub mod person;
pub mod phase;
pub mod queue;
pub mod reference;
pub mod rule;
pub mod school;
pub mod severity;
pub mod story;
pub mod target;
pub mod threshold;
pub mod tlp;
pub mod words;
