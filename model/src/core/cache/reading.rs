//! Reading through the cache: fresh answers from memory, the rest from the Ledger.
//!
//! The async part around [`memory`](super::memory). A read that shares another's fetch looks again when that has
//! ended, and fetches itself when it came to nothing. Each answer notes for the checks how old it was.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Poll, Waker};
use std::time::Duration;

use sim::NodeContext;
use sim::random::Root;
use sim::record::value::Value;

use super::config::CacheConfig;
use super::memory::{Found, Memory, life};
use crate::core::protocol::Answer;
use crate::defects::{Defect, Defects};
use crate::ids::AssetId;
use crate::ledger::client::LedgerError;

/// The cache of one instance.
pub struct Cache {
    context: NodeContext,
    ttl: Duration,
    jitter_percent: u8,
    never_expires: bool,
    memory: RefCell<Memory<AssetId, Answer>>,
    waiting: RefCell<BTreeMap<AssetId, Vec<Waker>>>,
}

impl Cache {
    /// An empty one.
    pub fn new(context: &NodeContext, config: &CacheConfig, defects: &Defects) -> Cache {
        context.note(
            "cache_opened",
            Value::map([("ttl_ms", (config.ttl_ms as i64).into())]),
        );
        Cache {
            context: context.clone(),
            ttl: Duration::from_millis(config.ttl_ms),
            jitter_percent: config.jitter_percent,
            never_expires: defects.has(Defect::CacheNeverExpires),
            memory: RefCell::new(Memory::new(config.coalesce)),
            waiting: RefCell::default(),
        }
    }

    /// Gives what is kept, or fetches it, waiting for another's fetch no longer than patience lasts.
    ///
    /// # Errors
    /// Those of the fetch; [`LedgerError::Unavailable`] when another's took too long.
    pub async fn read(
        &self,
        asset: &AssetId,
        patience: Duration,
        fetch: impl Future<Output = Result<Answer, LedgerError>>,
    ) -> Result<Answer, LedgerError> {
        let mut sleep = self.context.sleep(patience);
        loop {
            let now = self.context.monotonic();
            let found = self.memory.borrow_mut().look_up(asset, now);
            match found {
                Found::Fresh(answer, age) => {
                    self.context.reached("cache_answered_a_read");
                    self.tell("hit", asset, age);
                    return Ok(answer);
                }
                Found::Nothing => return self.fetch(asset, now, fetch).await,
                Found::UnderWay => {}
            }
            self.context.reached("reads_shared_a_fetch");
            let mut is_parked = false;
            let ended = poll_fn(|context| {
                // Whoever is woken by the end of the fetch looks again.
                if is_parked && !self.is_waiting(asset) {
                    return Poll::Ready(true);
                }
                let waker = context.waker().clone();
                self.waiting
                    .borrow_mut()
                    .entry(asset.clone())
                    .or_default()
                    .push(waker);
                is_parked = true;
                Pin::new(&mut sleep).poll(context).map(|()| false)
            });
            if !ended.await {
                return Err(LedgerError::Unavailable);
            }
        }
    }

    fn is_waiting(&self, asset: &AssetId) -> bool {
        self.waiting.borrow().contains_key(asset)
    }

    async fn fetch(
        &self,
        asset: &AssetId,
        asked: Duration,
        fetch: impl Future<Output = Result<Answer, LedgerError>>,
    ) -> Result<Answer, LedgerError> {
        let fetched = fetch.await;
        let drawn = self
            .context
            .stream(Root::Schedule, "cache.jitter")
            .below(1_001);
        let life = match self.never_expires {
            true => Duration::from_secs(86_400),
            false => life(self.ttl, self.jitter_percent, drawn),
        };
        let kept = fetched.as_ref().ok().filter(|answer| answer.is_success());
        self.memory
            .borrow_mut()
            .fetched(asset, kept.cloned(), asked, life);
        let woken = self.waiting.borrow_mut().remove(asset);
        woken.into_iter().flatten().for_each(Waker::wake);
        self.tell("miss", asset, Duration::ZERO);
        fetched
    }

    fn tell(&self, what: &'static str, asset: &AssetId, age: Duration) {
        self.context.count("core.cache.reads", &[("result", what)]);
        if what == "hit" {
            self.context.measure("core.cache.age", &[], Some(age));
            let told = [
                ("asset", asset.0.as_str().into()),
                ("age_ms", (age.as_millis() as i64).into()),
            ];
            self.context.note("cache_hit", Value::map(told));
        }
    }
}
