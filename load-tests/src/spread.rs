//! What several rounds gave.

use std::time::Duration;

/// Least, middle and most of some measurements.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spread {
    pub min: f64,
    pub median: f64,
    pub max: f64,
}

impl Spread {
    /// `None` without measurements.
    pub fn of(values: impl IntoIterator<Item = f64>) -> Option<Self> {
        let mut values: Vec<f64> = values.into_iter().collect();
        values.sort_by(f64::total_cmp);
        let (min, max) = (*values.first()?, *values.last()?);
        let upper = *values.get(values.len() / 2)?;
        let lower = *values.get((values.len() - 1) / 2)?;
        Some(Self { min, median: f64::midpoint(lower, upper), max })
    }

    /// `median (min–max)`, each written in the same way.
    pub fn show(&self, write: impl Fn(f64) -> String) -> String {
        format!("{} ({}–{})", write(self.median), write(self.min), write(self.max))
    }
}

pub fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1_000.0
}

/// Three digits that count, with a comma between thousands: `1,230,000`, `450`, `1.25`.
pub fn rounded(value: f64) -> String {
    if value < 10.0 {
        return format!("{value:.2}");
    }
    let digits = value.log10().floor() as i32;
    let step = 10_f64.powi((digits - 2).max(0));
    with_commas((value / step).round() * step)
}

fn with_commas(value: f64) -> String {
    let digits = format!("{value:.0}");
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_of_an_even_number_lies_between_two() {
        assert_eq!(Spread::of([4.0, 1.0, 3.0, 2.0]), Some(Spread { min: 1.0, median: 2.5, max: 4.0 }));
        assert_eq!(Spread::of([7.0]).map(|spread| spread.median), Some(7.0));
        assert_eq!(Spread::of([]), None);
    }

    #[test]
    fn numbers_show_no_more_digits_than_they_are_worth() {
        assert_eq!([1.254, 45.6, 999.6, 123_456.0, 1_234_567.0].map(rounded), ["1.25", "46", "1,000", "123,000", "1,230,000"]);
    }
}
