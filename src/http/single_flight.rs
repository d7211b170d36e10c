//! Of many tasks that need the same answer at once, one asks and all get it. A refusal is cached for a while.

use std::{collections::HashMap, hash::Hash, sync::Arc, time::Instant};

use parking_lot::Mutex;

use crate::clock::Clock;

/// Answers by question. Clones share them.
#[derive(Clone)]
pub struct SingleFlight<Question, Answer, Error> {
    clock: Clock,
    slots: Arc<Mutex<HashMap<Question, Slot<Answer, Error>>>>,
}

/// The state of one question. The task that holds the mutex is asking.
type Slot<Answer, Error> = Arc<tokio::sync::Mutex<Option<Known<Answer, Error>>>>;

struct Known<Answer, Error> {
    result: Result<Answer, Error>,
    learned_at: Instant,
    good_until: Instant,
}

impl<Question, Answer, Error> SingleFlight<Question, Answer, Error>
where
    Question: Clone + Eq + Hash,
    Answer: Clone,
    Error: Clone,
{
    /// Nothing is known.
    #[must_use]
    pub fn new(clock: Clock) -> Self {
        Self {
            clock,
            slots: Arc::default(),
        }
    }

    /// The cached answer if it is still valid, or the one of a task that is asking now, or the result of `ask` with
    /// its expiry.
    pub async fn get(
        &self,
        question: Question,
        ask: impl AsyncFnOnce() -> (Result<Answer, Error>, Instant),
    ) -> Result<Answer, Error> {
        let asked_at = self.clock.instant();
        let slot = self.slot(question);
        let mut slot = slot.lock().await;
        if let Some(known) = &*slot
            && (self.clock.instant() < known.good_until || known.learned_at >= asked_at)
        {
            return known.result.clone();
        }
        let (result, good_until) = ask().await;
        *slot = Some(Known {
            result: result.clone(),
            learned_at: self.clock.instant(),
            good_until,
        });
        result
    }

    /// The cached answer if it is still valid, without waiting for a task that is asking now.
    pub fn known(&self, question: Question) -> Option<Answer> {
        let slot = self.slot(question);
        let slot = slot.try_lock().ok()?;
        let known = slot.as_ref()?;
        let is_good = self.clock.instant() < known.good_until;
        known.result.as_ref().ok().filter(|_| is_good).cloned()
    }

    /// Forgets an answer that turned out wrong, unless it has been replaced meanwhile.
    pub async fn forget(&self, question: Question, is_wrong: impl FnOnce(&Answer) -> bool) {
        let slot = self.slot(question);
        let mut slot = slot.lock().await;
        if slot
            .as_ref()
            .is_some_and(|known| known.result.as_ref().is_ok_and(is_wrong))
        {
            *slot = None;
        }
    }

    fn slot(&self, question: Question) -> Slot<Answer, Error> {
        let mut slots = self.slots.lock();
        let now = self.clock.instant();
        // Keys are rotated, so expired answers that nobody asks for are dropped.
        slots.retain(|known, slot| {
            *known == question
                || Arc::strong_count(slot) > 1
                || slot
                    .try_lock()
                    .is_ok_and(|slot| slot.as_ref().is_some_and(|known| now < known.good_until))
        });
        Arc::clone(slots.entry(question).or_default())
    }
}

#[cfg(test)]
mod tests {
    use std::{cell::Cell, time::Duration};

    use futures::{FutureExt, future::join_all};

    use super::*;

    #[tokio::test]
    async fn many_ask_once_and_a_refusal_is_remembered_until_its_time() {
        let (clock, control) = Clock::controlled();
        let flight = SingleFlight::<_, (), &str>::new(clock.clone());
        let asked = Cell::new(0);
        let ask = || {
            flight.get("who", async || {
                asked.set(asked.get() + 1);
                tokio::task::yield_now().await;
                (Err("refused"), clock.instant() + Duration::from_mins(12))
            })
        };
        let answers = join_all((0..100).map(|_| ask())).await;
        assert!(answers.iter().all(|answer| *answer == Err("refused")));
        assert_eq!(asked.get(), 1);
        control.advance(Duration::from_mins(11));
        assert_eq!(ask().await, Err("refused"));
        assert_eq!(asked.get(), 1);
        control.advance(Duration::from_mins(2));
        assert_eq!(ask().await, Err("refused"));
        assert_eq!(asked.get(), 2);
    }

    #[tokio::test]
    async fn who_is_in_a_hurry_takes_what_is_known_and_waits_for_nobody() {
        let (clock, control) = Clock::controlled();
        let flight = SingleFlight::<_, u8, ()>::new(clock.clone());
        assert_eq!(flight.known("token"), None);
        let good_until = clock.instant() + Duration::from_mins(1);
        let mut asks = Box::pin(flight.get("token", async move || {
            tokio::task::yield_now().await;
            (Ok(1), good_until)
        }));
        assert!((&mut asks).now_or_never().is_none());
        assert_eq!(flight.known("token"), None, "somebody asks");
        assert_eq!(asks.await, Ok(1));
        assert_eq!(flight.known("token"), Some(1));
        control.advance(Duration::from_mins(2));
        assert_eq!(flight.known("token"), None, "no longer good");
    }

    #[tokio::test]
    async fn a_wrong_answer_is_forgotten_and_only_that() {
        let clock = Clock::system();
        let flight = SingleFlight::<_, u8, ()>::new(clock.clone());
        let good_until = clock.instant() + Duration::from_mins(1);
        let get = |answer| flight.get("token", async move || (Ok(answer), good_until));
        assert_eq!(get(1).await, Ok(1));
        flight.forget("token", |known| *known == 7).await;
        assert_eq!(get(2).await, Ok(1));
        flight.forget("token", |known| *known == 1).await;
        assert_eq!(get(2).await, Ok(2));
    }
}
