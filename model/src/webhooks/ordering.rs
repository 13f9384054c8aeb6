//! What must wait for what: lanes of ordered endpoints. A pure value.
//!
//! An ordered endpoint hears of one asset in the order of its events, so its deliveries about one asset
//! stand in a *lane*: the first is sent, the others wait until it is settled. A dead one holds its lane
//! until people replay or discard it; to send what follows would be to send it out of order. A
//! parallel endpoint has no lanes.

use super::delivery::DeliveryState;

/// The lane in which a delivery stands, if its endpoint is ordered.
pub fn lane(endpoint: &str, asset: &str, ordered: bool) -> Option<String> {
    ordered.then(|| format!("{endpoint}/{asset}"))
}

/// Whether a delivery in this state keeps those behind it waiting.
pub fn holds_its_lane(state: DeliveryState) -> bool {
    match state {
        DeliveryState::Pending | DeliveryState::Dead => true,
        DeliveryState::Delivered | DeliveryState::Discarded => false,
    }
}

/// The states that hold a lane, as tables spell them.
pub const HOLDING: [&str; 2] = ["pending", "dead"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_ordered_endpoints_have_lanes_one_for_each_asset() {
        assert_eq!(lane("e", "a", false), None);
        assert_eq!(lane("e", "a", true), lane("e", "a", true));
        assert_ne!(lane("e", "a", true), lane("e", "b", true));
        assert_ne!(lane("e", "a", true), lane("f", "a", true));
    }

    #[test]
    fn what_is_not_settled_holds_its_lane() {
        for state in [
            DeliveryState::Pending,
            DeliveryState::Dead,
            DeliveryState::Delivered,
            DeliveryState::Discarded,
        ] {
            assert_eq!(
                holds_its_lane(state),
                HOLDING.contains(&state.name()),
                "{state:?}"
            );
        }
    }
}
