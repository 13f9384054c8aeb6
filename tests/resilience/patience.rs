//! A caller that goes away: it drops what it waits for when its patience is over.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::task::Poll;
use std::time::Duration;

use sim::NodeContext;

/// Waits for the work no longer than patience lasts; gives nothing when it was dropped unfinished.
pub async fn within<T>(
    node: &NodeContext,
    patience: Duration,
    work: impl Future<Output = T>,
) -> Option<T> {
    let mut work = pin!(work);
    let mut over = node.sleep(patience);
    // The work is looked at first: what ends at the last moment counts.
    poll_fn(move |context| match work.as_mut().poll(context) {
        Poll::Ready(done) => Poll::Ready(Some(done)),
        Poll::Pending => Pin::new(&mut over).poll(context).map(|()| None),
    })
    .await
}
