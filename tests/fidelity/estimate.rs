//! A mean with its standard error, and the comparison with what it should be.

/// Batches of consecutive samples. Their means hardly depend on each other, although the samples do, so
/// that their scatter tells how far the whole mean may be off (the method of batch means).
const BATCHES: usize = 20;

/// Standard errors that a mean may be off. The seeds are fixed, so that this is no question of luck in a
/// later run; it must only not be exceeded by chance in this one.
const ERRORS_MAX: f64 = 4.0;

/// A measured mean.
#[derive(Clone, Copy, Debug)]
pub struct Estimate {
    /// The mean.
    pub mean: f64,
    /// Its standard error.
    pub error: f64,
}

impl Estimate {
    /// Of samples that may depend on those before them. The first twentieth is left out: it was measured
    /// while the queues still filled.
    pub fn of(samples: &[f64]) -> Estimate {
        let steady = &samples[samples.len() / 20..];
        let size = steady.len() / BATCHES;
        assert!(size > 0, "{} samples are too few", samples.len());
        let means: Vec<f64> = steady.chunks_exact(size).map(mean).collect();
        Estimate::of_independent(&means)
    }

    /// Of samples that do not depend on each other.
    pub fn of_independent(samples: &[f64]) -> Estimate {
        let center = mean(samples);
        let squares = samples.iter().map(|sample| (sample - center).powi(2));
        let variance = squares.sum::<f64>() / (samples.len() - 1) as f64;
        Estimate {
            mean: center,
            error: (variance / samples.len() as f64).sqrt(),
        }
    }

    /// Of things that happened or not, each by itself.
    pub fn of_count(hits: u64, of: u64) -> Estimate {
        let share = hits as f64 / of as f64;
        Estimate {
            mean: share,
            error: (share * (1.0 - share) / of as f64).sqrt(),
        }
    }

    /// Holds when the exact value is within the error, and the error is at most this part of the value, so
    /// that the comparison means something.
    #[track_caller]
    pub fn expect(self, what: &str, exact: f64, error_max: f64) {
        let Estimate { mean, error } = self;
        println!("{what}: {mean:.4} ± {error:.4}, exactly {exact:.4}");
        assert!(
            error <= error_max * exact,
            "{what}: {mean} ± {error} is too vague beside {exact}; take more samples"
        );
        assert!(
            (mean - exact).abs() <= ERRORS_MAX * error,
            "{what}: {mean} ± {error}, but exactly {exact}"
        );
    }
}

/// The arithmetic mean.
pub fn mean(samples: &[f64]) -> f64 {
    samples.iter().sum::<f64>() / samples.len() as f64
}

/// The value that so many of a hundred samples do not exceed.
pub fn percentile(samples: &[f64], hundredths: usize) -> f64 {
    let mut sorted = samples.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted[sorted.len() * hundredths / 100]
}

/// Whether two figures differ by no more than this part of the second.
#[track_caller]
pub fn expect_near(what: &str, found: f64, exact: f64, tolerance: f64) {
    println!("{what}: {found:.4}, exactly {exact:.4}");
    assert!(
        (found - exact).abs() <= tolerance * exact.abs(),
        "{what}: {found}, not {exact} within {} %",
        tolerance * 100.0
    );
}
