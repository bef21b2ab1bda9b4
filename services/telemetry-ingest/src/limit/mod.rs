//! What keeps one gateway, or all of them together, from taking more than there is.

mod allowance;
mod budget;

pub use allowance::{Allowance, Rate, pay_both};
pub use budget::{Budget, Exhausted, Share};
