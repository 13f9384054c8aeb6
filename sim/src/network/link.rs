//! Links: how long a message takes from one node to another when nothing is wrong.
//!
//! A link is directed. It keeps the order of its messages, as a connection does; only a reordering
//! fault lets one overtake another.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use crate::fault::{Place, Route};
use crate::latency::Latency;
use crate::node::NodeId;
use crate::time::SimTime;

/// The quality of every link: the first profile whose place fits holds, else the default.
#[derive(Clone, Debug)]
pub struct LinkProfiles {
    /// Latency where no other profile fits.
    pub default: Latency,
    /// Latencies of particular links, first match wins.
    pub special: Vec<(Place, Latency)>,
}

impl LinkProfiles {
    /// The same latency everywhere.
    pub fn everywhere(latency: Latency) -> LinkProfiles {
        LinkProfiles {
            default: latency,
            special: Vec::new(),
        }
    }
}

/// Profiles as a run uses them: places are resolved against its nodes when the first message is sent,
/// as all nodes are there by then.
pub(super) enum Profiles {
    /// As they were written.
    Written(LinkProfiles),
    /// As they stand in this run.
    Resolved(ResolvedProfiles),
}

/// Which latency each link has.
pub(super) struct ResolvedProfiles {
    default: Rc<Latency>,
    special: Vec<(Route, Rc<Latency>)>,
}

impl Profiles {
    pub(super) fn resolve(&mut self, names: impl FnOnce() -> Vec<String>) -> &ResolvedProfiles {
        if let Profiles::Written(written) = self {
            let names = names();
            let special = written.special.iter();
            *self = Profiles::Resolved(ResolvedProfiles {
                default: Rc::new(written.default.clone()),
                special: special
                    .map(|(place, latency)| (place.route(&names), Rc::new(latency.clone())))
                    .collect(),
            });
        }
        match self {
            Profiles::Resolved(resolved) => resolved,
            Profiles::Written(_) => unreachable!("profiles were resolved just now"),
        }
    }
}

impl ResolvedProfiles {
    pub(super) fn latency(&self, from: NodeId, to: NodeId) -> Rc<Latency> {
        let special = self
            .special
            .iter()
            .find(|(route, _)| route.carries(from, to));
        special
            .map_or(&self.default, |(_, latency)| latency)
            .clone()
    }
}

/// One directed link's state.
pub(super) struct Link {
    pub(super) latency: Rc<Latency>,
    /// No later message arrives before this, unless it overtakes.
    last_arrival: SimTime,
    /// Until when earlier messages occupy a limited line.
    busy_until: SimTime,
}

impl Link {
    /// When a message of this size, sent now, leaves a line of this bandwidth (bytes per second).
    pub(super) fn transmit(&mut self, now: SimTime, bytes: u64, bandwidth: Option<u64>) -> SimTime {
        let Some(bandwidth) = bandwidth else {
            return now;
        };
        let nanos = u128::from(bytes) * 1_000_000_000 / u128::from(bandwidth.max(1));
        let span = Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX));
        self.busy_until = self.busy_until.max(now) + span;
        self.busy_until
    }

    /// When a message that would arrive at `due` arrives, given those before it.
    pub(super) fn arrive(&mut self, due: SimTime, overtakes: bool) -> SimTime {
        if overtakes {
            return due;
        }
        self.last_arrival = self.last_arrival.max(due);
        self.last_arrival
    }
}

/// All links that were ever used. Each node's outgoing links stand together, as it has few.
#[derive(Default)]
pub(super) struct Links {
    outgoing: Vec<BTreeMap<NodeId, Link>>,
}

impl Links {
    pub(super) fn between(
        &mut self,
        from: NodeId,
        to: NodeId,
        latency: impl FnOnce() -> Rc<Latency>,
    ) -> &mut Link {
        if self.outgoing.len() <= from.index() {
            self.outgoing.resize_with(from.index() + 1, BTreeMap::new);
        }
        self.outgoing[from.index()]
            .entry(to)
            .or_insert_with(|| Link {
                latency: latency(),
                last_arrival: SimTime::START,
                busy_until: SimTime::START,
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn link() -> Link {
        Link {
            latency: Rc::new(Latency::constant(Duration::ZERO)),
            last_arrival: SimTime::START,
            busy_until: SimTime::START,
        }
    }

    #[test]
    fn a_link_keeps_order_unless_a_message_overtakes() {
        let mut link = link();
        let at = SimTime::from_millis;
        assert_eq!(link.arrive(at(10), false), at(10));
        assert_eq!(link.arrive(at(4), false), at(10));
        assert_eq!(link.arrive(at(4), true), at(4));
        assert_eq!(link.arrive(at(12), false), at(12));
    }

    #[test]
    fn a_narrow_line_sends_one_message_after_the_other() {
        let mut link = link();
        let now = SimTime::START;
        assert_eq!(
            link.transmit(now, 500, Some(1_000)),
            SimTime::from_millis(500)
        );
        assert_eq!(
            link.transmit(now, 500, Some(1_000)),
            SimTime::from_millis(1_000)
        );
        assert_eq!(link.transmit(now, 500, None), now);
    }
}
