//! A station: customers come over the network, wait in line for one of its servers, and are served.
//!
//! The line is Core's own bulkhead. Start at [`Station::run`].

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use model::resilience::bulkhead::{Bulkhead, BulkheadLimits};
use sim::NodeContext;
use sim::network::Payload;
use sim::random::{Lineage, Root, Stream};

use super::quiet::{moments, run_until, seconds, world};

/// How spans are drawn; the service of a server takes a second on average.
#[derive(Clone, Copy, Debug)]
pub enum Span {
    /// Exponentially distributed.
    Exponential(Duration),
    /// Always the same.
    Constant(Duration),
}

impl Span {
    /// One span.
    pub fn draw(self, stream: &mut Stream) -> Duration {
        match self {
            Span::Exponential(mean) => stream.exponential(mean),
            Span::Constant(span) => span,
        }
    }
}

/// A station and its customers, who come as a Poisson process.
#[derive(Clone, Copy, Debug)]
pub struct Station {
    /// Servers that work at the same time.
    pub servers: u32,
    /// Customers per second.
    pub rate: f64,
    /// How long one is served.
    pub service: Span,
    /// How many come in all.
    pub customers: u64,
}

/// What became of the customers, in the order in which they left, in seconds.
#[derive(Debug, Default)]
pub struct Served {
    /// How long each waited before it was served.
    pub waits: Vec<f64>,
    /// How long each was there.
    pub sojourns: Vec<f64>,
    crowd: Crowd,
    sojourns_ns: u128,
}

/// How many customers are there, and the sum of that over time.
#[derive(Debug, Default)]
struct Crowd {
    present: u128,
    since_ns: u128,
    customer_ns: u128,
}

impl Crowd {
    fn changes(&mut self, at: Duration, present: impl FnOnce(u128) -> u128) {
        let at = at.as_nanos();
        self.customer_ns += self.present * (at - self.since_ns);
        self.present = present(self.present);
        self.since_ns = at;
    }
}

#[derive(Debug, Hash)]
struct Customer;

impl Payload for Customer {}

impl Station {
    /// Serves them all.
    ///
    /// Little's law is seen to hold, L = λ·W: the sum over time of the customers present is the sum over
    /// the customers of their times, to the nanosecond.
    pub fn run(self) -> Served {
        let served: Rc<RefCell<Served>> = Rc::default();
        let over = Rc::new(Cell::new(false));
        let (tally, end) = (served.clone(), over.clone());
        // Each station draws for itself: with the same gaps, all would err in the same direction.
        let seed = u64::from(self.servers) * 1_000 + (self.rate * 10.0) as u64;
        run_until(world(seed, moments()), over, |world| {
            world.add_node("station", move |context| {
                self.serve(context, tally.clone(), end.clone())
            });
            world.add_node("street", move |context| self.arrive(context));
        });
        let served = served.take();
        assert_eq!(
            served.crowd.customer_ns, served.sojourns_ns,
            "Little's law: {self:?}"
        );
        served
    }

    async fn arrive(self, context: NodeContext) {
        let station = context.find("station");
        let gap = Duration::from_secs_f64(1.0 / self.rate);
        let mut gaps = context.stream(Root::Workload, "gaps");
        for _ in 0..self.customers {
            context.sleep(gaps.exponential(gap)).await;
            context.send(station, Customer);
        }
    }

    async fn serve(self, context: NodeContext, served: Rc<RefCell<Served>>, over: Rc<Cell<bool>>) {
        let line = Bulkhead::new(BulkheadLimits {
            concurrent: self.servers,
            waiting: u32::MAX,
        });
        for number in 0..self.customers {
            context.receive().await;
            let came = context.monotonic();
            served.borrow_mut().crowd.changes(came, |there| there + 1);
            let lineage = Lineage::of("customer").child("number", number);
            let (node, line, served, over) =
                (context.clone(), line.clone(), served.clone(), over.clone());
            context.spawn_for(lineage, async move {
                let patience = Duration::from_secs(1_000_000);
                let place = line.enter(&node, patience).await;
                let place = place.expect("the line has no end, and nobody loses patience");
                let waited = node.monotonic() - came;
                let mut stream = node.stream(Root::Workload, "service");
                node.sleep(self.service.draw(&mut stream)).await;
                drop(place);
                let mut served = served.borrow_mut();
                served.leaves(came, waited, node.monotonic());
                over.set(served.waits.len() as u64 == self.customers);
            });
        }
    }
}

impl Served {
    fn leaves(&mut self, came: Duration, waited: Duration, now: Duration) {
        self.crowd.changes(now, |there| there - 1);
        self.sojourns_ns += (now - came).as_nanos();
        self.waits.push(seconds(waited));
        self.sojourns.push(seconds(now - came));
    }
}
