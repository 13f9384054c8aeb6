//! What must wait for what: lanes of ordered endpoints. A pure value.
//!
//! An ordered endpoint hears of one asset in the order of its events, so its deliveries about one asset
//! stand in a *lane*: the first is sent, the others wait until it is settled. A dead one holds its lane
//! until people replay or discard it; to send what follows would be to send it out of order. A
//! parallel endpoint has no lanes. Where there are fewer partitions than assets, several assets share a
//! lane, and wait for each other for nothing.

use sim::random::Lineage;

use super::delivery::DeliveryState;

/// The lane in which a delivery stands, if its endpoint is ordered: that of its asset, or that of the partition
/// which its asset falls into.
pub fn lane(endpoint: &str, asset: &str, ordered: bool, partitions: Option<u32>) -> Option<String> {
    let partition = |count: u32| Lineage::of(asset).value() % u64::from(count);
    ordered.then(|| match partitions {
        Some(count) => format!("{endpoint}#{}", partition(count)),
        None => format!("{endpoint}/{asset}"),
    })
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
    use std::collections::BTreeSet;

    #[test]
    fn only_ordered_endpoints_have_lanes_one_for_each_asset() {
        let ordered = |endpoint, asset| lane(endpoint, asset, true, None);
        assert_eq!(lane("e", "a", false, None), None);
        assert_eq!(lane("e", "a", false, Some(2)), None);
        assert_eq!(ordered("e", "a"), ordered("e", "a"));
        assert_ne!(ordered("e", "a"), ordered("e", "b"));
        assert_ne!(ordered("e", "a"), ordered("f", "a"));
    }

    #[test]
    fn an_asset_has_one_partition_and_every_partition_has_assets() {
        let of = |asset: u32| lane("e", &format!("asset-{asset}"), true, Some(4));
        assert_eq!(of(1), of(1));
        let lanes: BTreeSet<Option<String>> = (0..100).map(of).collect();
        assert_eq!(lanes.len(), 4);
        assert_ne!(of(1), lane("f", "asset-1", true, Some(4)));
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
