//! The power of two choices: who joins the shorter of two random queues waits far less.
//!
//! For infinitely many queues the mean time is Σ λ^((dⁱ − d)/(d − 1)) over i ≥ 1 (Mitzenmacher, "The power of two
//! choices in randomized load balancing", 2001); two hundred are close.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use model::resilience::bulkhead::{Bulkhead, BulkheadLimits};
use sim::NodeContext;
use sim::random::{Lineage, Root};

use super::estimate::{Estimate, expect_near};
use super::quiet::{moments, run_until, seconds, world};
use super::times;

const QUEUES: usize = 200;
const SECOND: Duration = Duration::from_secs(1);

/// Jobs that come to any of the queues, each of which is sent to the shortest of some.
#[derive(Clone, Copy)]
struct Dispatch {
    choices: u32,
    utilisation: f64,
    jobs: u64,
}

impl Dispatch {
    fn run(self) -> Vec<f64> {
        let times: Rc<RefCell<Vec<f64>>> = Rc::default();
        let over = Rc::new(Cell::new(false));
        let (tally, end) = (times.clone(), over.clone());
        run_until(world(3, moments()), over, |world| {
            world.add_node("dispatcher", move |context| {
                self.dispatch(context, tally.clone(), end.clone())
            });
        });
        times.take()
    }

    async fn dispatch(
        self,
        context: NodeContext,
        times: Rc<RefCell<Vec<f64>>>,
        over: Rc<Cell<bool>>,
    ) {
        let one_by_one = BulkheadLimits {
            concurrent: 1,
            waiting: u32::MAX,
        };
        let queues: Vec<Bulkhead> = (0..QUEUES).map(|_| Bulkhead::new(one_by_one)).collect();
        let gap = Duration::from_secs_f64(1.0 / (self.utilisation * QUEUES as f64));
        let mut gaps = context.stream(Root::Workload, "gaps");
        let mut picks = context.stream(Root::Workload, "picks");
        for number in 0..self.jobs {
            context.sleep(gaps.exponential(gap)).await;
            let candidates = (0..self.choices).map(|_| picks.pick(&queues));
            let shortest = candidates.min_by_key(|queue| queue.running() + queue.waiting());
            let queue = shortest.expect("there is a choice").clone();
            let (node, times, over) = (context.clone(), times.clone(), over.clone());
            let lineage = Lineage::of("job").child("number", number);
            context.spawn_for(lineage, async move {
                let came = node.monotonic();
                let place = queue.enter(&node, Duration::from_secs(1_000_000)).await;
                let place = place.expect("the line has no end, and nobody loses patience");
                let span = node.stream(Root::Workload, "work").exponential(SECOND);
                node.sleep(span).await;
                drop(place);
                times.borrow_mut().push(seconds(node.monotonic() - came));
                over.set(times.borrow().len() as u64 == self.jobs);
            });
        }
    }
}

/// The mean time of a job, by the formula.
fn exact(choices: u32, utilisation: f64) -> f64 {
    let exponent = |i: i32| match choices {
        1 => f64::from(i - 1),
        d => (f64::from(d).powi(i) - f64::from(d)) / f64::from(d - 1),
    };
    (1..=2_000).map(|i| utilisation.powf(exponent(i))).sum()
}

#[test]
fn two_choices_shorten_the_time_as_the_formula_says() {
    for (choices, utilisation, tolerance) in [(1, 0.5, 0.03), (2, 0.5, 0.03), (2, 0.9, 0.04)] {
        let jobs = 60_000 * times();
        let times = Dispatch {
            choices,
            utilisation,
            jobs,
        }
        .run();
        let name = format!("{choices} choices at {utilisation}");
        let exact = exact(choices, utilisation);
        expect_near(&name, Estimate::of(&times).mean, exact, tolerance);
    }
}
