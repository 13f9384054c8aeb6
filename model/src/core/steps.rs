//! The steps of the synchronous path, measured on the instance's own clock.

use sim::NodeContext;

/// Does a step's work and measures it as `core.registration.step`.
pub async fn step<T>(context: &NodeContext, name: &str, work: impl Future<Output = T>) -> T {
    let began = context.monotonic();
    let done = work.await;
    let span = context.monotonic() - began;
    context.measure("core.registration.step", &[("step", name)], Some(span));
    done
}
