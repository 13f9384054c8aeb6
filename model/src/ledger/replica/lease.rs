//! The primary's right to answer: a span on its own clock, counted from when it asked for it.
//!
//! The operator counts the same span from when it was asked, which is later, and adds [`MARGIN_PERCENT`] for clocks
//! that run at different rates (see Gray and Cheriton, "Leases", 1989). So when the operator takes a lease for over,
//! its holder has taken it for over before. A value; it reads no clock.

use std::time::Duration;

/// By how much more the operator waits: two clocks may differ by so much in what they call a second.
pub const MARGIN_PERCENT: u32 = 30;

/// A lease as its holder sees it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lease {
    until: Duration,
}

impl Lease {
    /// Renewed: it was asked for at this time, and lasts so long from there.
    pub fn renew(&mut self, asked_at: Duration, lasts: Duration) {
        self.until = self.until.max(asked_at + lasts);
    }

    /// Whether it holds at this time.
    pub fn holds(self, now: Duration) -> bool {
        now < self.until
    }
}

/// How long its grantor waits after it was last asked, until the lease is surely over.
pub fn surely_over_after(lasts: Duration) -> Duration {
    lasts + lasts * MARGIN_PERCENT / 100
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holder_gives_up_before_its_grantor_though_their_clocks_drift() {
        let lasts = Duration::from_secs(3);
        let mut lease = Lease::default();
        assert!(!lease.holds(Duration::ZERO), "nobody begins with one");
        lease.renew(Duration::from_secs(10), lasts);
        lease.renew(Duration::from_secs(9), lasts);
        assert!(lease.holds(Duration::from_millis(12_999)));
        assert!(
            !lease.holds(Duration::from_secs(13)),
            "counted from the asking"
        );
        // The holder's clock 10 % slow, the grantor's 10 % fast: in true time 3.33 s against 3.54 s.
        let held = lasts * 100 / 90;
        let waited = surely_over_after(lasts) * 100 / 110;
        assert!(held < waited, "{held:?} {waited:?}");
    }
}
