//! Boards, schools, sites and gateways.

pub mod domain;
