//! What cases are, and how alerts become cases: pure values and decisions, no clock, no store, no wire.
//!
//! | Module | Holds |
//! |---|---|
//! | [`alert`] | an alert as a sensor reported it, as far as cases need to know |
//! | [`class`] | kinds of incident from dated content: words, severity, thresholds, targets |
//! | [`rule`] | which alert is of which kind |
//! | [`threshold`] | how much of a kind, in what time, is a case |
//! | [`case`] | the case, its states and transitions |
//! | [`change`] | what happened to a case: its timeline |
//! | [`reference`] | the number people use |
//! | [`words`] | texts people write |

pub mod alert;
pub mod case;
pub mod change;
pub mod class;
pub mod reference;
pub mod rule;
pub mod severity;
pub mod threshold;
pub mod words;
