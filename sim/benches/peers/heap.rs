//! The bare heap: an event loop that only orders arrivals, for scale.
//!
//! No nodes, tasks, payloads, traces or faults: each arrival enters the next one with a random
//! latency until its pair has had its rounds. It is the floor under any event-driven simulator.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::hint::black_box;

use crate::{LATENCY_MAX, LATENCY_MIN, Load, SEED};

/// Works off all arrivals of a load; gives how many there were.
pub fn events(load: Load) -> usize {
    let mut random = SEED;
    let mut latency = || {
        let span = (LATENCY_MAX - LATENCY_MIN).as_nanos();
        LATENCY_MIN.as_nanos() as u64 + ((u128::from(split_mix(&mut random)) * span) >> 64) as u64
    };
    let mut heap = BinaryHeap::new();
    let mut left: Vec<usize> = vec![2 * load.rounds; load.pairs];
    let mut sequence = 0_u64;
    for pair in 0..load.pairs {
        heap.push(Reverse((latency(), sequence, pair)));
        sequence += 1;
    }
    let mut delivered = 0;
    while let Some(Reverse((now, _, pair))) = heap.pop() {
        delivered += 1;
        left[pair] -= 1;
        if left[pair] > 0 {
            heap.push(Reverse((now + latency(), sequence, pair)));
            sequence += 1;
        }
    }
    black_box(delivered)
}

/// SplitMix64 (Steele, Lea and Flood, 2014): a few instructions, good enough for a latency.
fn split_mix(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mixed = (*state ^ (*state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}
