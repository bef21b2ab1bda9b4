//! What keeps one gateway, one school, or all of them together, from taking more than there is.

mod allowance;
mod budget;
mod rates;

pub use allowance::{Allowance, Rate};
pub use budget::{Budget, Exhausted, Hold, Share};
pub use rates::{RateLimits, Rates};
