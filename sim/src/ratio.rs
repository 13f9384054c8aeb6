//! Chances as integer ratios, so that a draw is the same on every machine and optimisation level.
//!
//! Written by people as `1/20`, `5%` or `0.5%`; printed back in the form that reads best.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A chance between none and certain, as an exact fraction in lowest terms.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub struct Ratio {
    numerator: u32,
    denominator: u32,
}

/// Why a text is not a chance.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RatioError {
    /// The text has none of the known forms.
    #[error("`{0}` is not a chance: write it as `1/20` or `5%`")]
    Form(String),
    /// The denominator is zero or the chance is above certainty.
    #[error("`{0}` is not between 0 and 1: write it as `1/20` or `5%`")]
    Range(String),
}

impl Ratio {
    /// Never.
    pub const NEVER: Ratio = Ratio {
        numerator: 0,
        denominator: 1,
    };
    /// Always.
    pub const ALWAYS: Ratio = Ratio {
        numerator: 1,
        denominator: 1,
    };

    /// `numerator` out of `denominator`.
    ///
    /// # Panics
    /// When the denominator is zero or the chance exceeds certainty: both are bugs of the caller.
    pub const fn new(numerator: u32, denominator: u32) -> Ratio {
        assert!(denominator > 0, "a chance needs a denominator above zero");
        assert!(numerator <= denominator, "a chance cannot exceed certainty");
        let divisor = greatest_common_divisor(numerator, denominator);
        Ratio {
            numerator: numerator / divisor,
            denominator: denominator / divisor,
        }
    }

    /// The upper part of the fraction.
    pub const fn numerator(self) -> u32 {
        self.numerator
    }

    /// The lower part of the fraction; never zero.
    pub const fn denominator(self) -> u32 {
        self.denominator
    }
}

const fn greatest_common_divisor(mut a: u32, mut b: u32) -> u32 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    if a == 0 { 1 } else { a }
}

impl FromStr for Ratio {
    type Err = RatioError;

    fn from_str(text: &str) -> Result<Ratio, RatioError> {
        let form = || RatioError::Form(text.to_owned());
        let (numerator, denominator) = if let Some(percent) = text.trim().strip_suffix('%') {
            percent_parts(percent.trim()).ok_or_else(form)?
        } else {
            let (upper, lower) = text.split_once('/').ok_or_else(form)?;
            (
                upper.trim().parse().map_err(|_| form())?,
                lower.trim().parse().map_err(|_| form())?,
            )
        };
        if denominator == 0 || numerator > denominator {
            return Err(RatioError::Range(text.to_owned()));
        }
        Ok(Ratio::new(numerator, denominator))
    }
}

/// `12.5` percent as 125 out of 1,000: exact, at most four decimal places.
fn percent_parts(percent: &str) -> Option<(u32, u32)> {
    let (whole, decimals) = percent.split_once('.').unwrap_or((percent, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || decimals.len() > 4 || !digits(whole) || !digits(decimals) {
        return None;
    }
    let scale = 10_u32.pow(u32::try_from(decimals.len()).ok()?);
    let fraction = if decimals.is_empty() {
        0
    } else {
        decimals.parse().ok()?
    };
    let whole: u32 = whole.parse().ok()?;
    Some((
        whole.checked_mul(scale)?.checked_add(fraction)?,
        100 * scale,
    ))
}

impl TryFrom<String> for Ratio {
    type Error = RatioError;
    fn try_from(text: String) -> Result<Ratio, RatioError> {
        text.parse()
    }
}

impl From<Ratio> for String {
    fn from(ratio: Ratio) -> String {
        ratio.to_string()
    }
}

impl fmt::Display for Ratio {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if 100 % self.denominator == 0 {
            write!(f, "{}%", self.numerator * (100 / self.denominator))
        } else {
            write!(f, "{}/{}", self.numerator, self.denominator)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Result<(u32, u32), RatioError>) {
        let parsed = text.parse::<Ratio>();
        let parts = parsed.map(|ratio| (ratio.numerator(), ratio.denominator()));
        assert_eq!(parts, expected, "{text}");
    }

    #[test]
    fn chances_are_read_in_both_notations() {
        check("1/20", Ok((1, 20)));
        check("5%", Ok((1, 20)));
        check("0.5%", Ok((1, 200)));
        check("0/7", Ok((0, 1)));
        check("100 %", Ok((1, 1)));
    }

    #[test]
    fn what_is_no_chance_is_refused() {
        check("3", Err(RatioError::Form("3".into())));
        check("-1%", Err(RatioError::Form("-1%".into())));
        check("1.23456%", Err(RatioError::Form("1.23456%".into())));
        check("3/2", Err(RatioError::Range("3/2".into())));
        check("1/0", Err(RatioError::Range("1/0".into())));
        check("101%", Err(RatioError::Range("101%".into())));
    }

    #[test]
    fn printing_and_reading_agree() {
        for (numerator, denominator) in [(0, 1), (1, 3), (1, 4), (7, 100), (1, 1000), (1, 1)] {
            let ratio = Ratio::new(numerator, denominator);
            assert_eq!(ratio.to_string().parse(), Ok(ratio));
        }
    }
}
