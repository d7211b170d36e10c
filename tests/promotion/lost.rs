//! The answer to the request for a lock is lost, and the lock is a stranger's, or comes late.

use std::time::Duration;

use pingone_aic_harness::is_condition;
use pingone_aic_simulator::{Fault, FaultHandle, tenant::LockState};
use serde_json::json;

use crate::{
    arena::{
        Arena,
        company::{Company, THREE},
    },
    look::{is_removed, promotions, the_request},
};

const A_LITTLE: Duration = Duration::from_mins(2);

impl Arena {
    /// A run whose request for the lock meets this.
    async fn asked_with(&mut self, company: &Company, fault: Fault) -> FaultHandle {
        let lock = the_request(&company.site("staging").tenant, "/promotion/lock");
        let lost = self.network.fault(lock, fault);
        self.release(company, json!({"upTo": "staging"})).await;
        self.wait_until(|_| (lost.hits() == 0).then(|| "not asked".to_owned()))
            .await;
        lost
    }

    /// The run asks for no lock meanwhile.
    async fn stand_still(&self, suspend: bool) {
        let change = json!({"spec": {"suspend": suspend}});
        self.namespace
            .patch("Promotion", "release", &change)
            .await
            .unwrap();
    }

    /// How often a lock was asked for.
    fn asked(&self) -> usize {
        let calls = self.network.journal();
        calls
            .iter()
            .filter(|call| call.is("POST", "/promotion/lock"))
            .count()
    }
}

/// Ours is unlocked by a person who then locks for themselves, and does nothing: what was there when our request must
/// have settled was its effect.
#[tokio::test]
async fn a_lock_that_follows_ours_is_not_ours() {
    let mut arena = Arena::start("a lock that follows ours").await;
    let company = arena.company(&THREE).await;
    let staging = &company.site("staging").tenant;
    arena.asked_with(&company, Fault::HangAfter).await;
    arena.until_locked(&company, "staging").await;
    arena.pass_time(Duration::from_secs(30)).await;
    for site in ["dev", "staging"] {
        company.site(site).tenant.console().unlock();
    }
    let theirs = staging.console().begin_lock();
    arena.pass_time(Duration::from_mins(40)).await;
    assert_eq!(staging.locked_by().as_ref(), Some(&theirs));
    assert!(!is_removed(&arena, Some(&theirs)));
    staging.console().begin_unlock(&theirs);
    arena.promoted(&company, 0).await;
    arena.check_outputs().await;
}

/// The one exception, which the documentation names: a person who locks soon after a request of ours that was lost, and
/// then does nothing for the quiet period.
#[tokio::test]
async fn a_strangers_idle_lock_soon_after_a_lost_request_is_removed() {
    let mut arena = Arena::start("a stranger's idle lock soon after").await;
    let company = arena.company(&THREE).await;
    let staging = &company.site("staging").tenant;
    arena.asked_with(&company, Fault::CloseBefore).await;
    let theirs = staging.console().begin_lock();
    arena.until_unlocked(&company).await;
    assert!(is_removed(&arena, Some(&theirs)));
    arena.promoted_by_crime(&company).await;
}

/// The same person, who locks when it is too late to be our request's effect.
#[tokio::test]
async fn a_strangers_idle_lock_later_than_that_is_a_persons_affair() {
    let mut arena = Arena::start("a stranger's idle lock later").await;
    let company = arena.company(&THREE).await;
    let staging = &company.site("staging").tenant;
    arena.asked_with(&company, Fault::CloseBefore).await;
    arena.stand_still(true).await;
    arena.pass_time(Duration::from_mins(7)).await;
    let theirs = staging.console().begin_lock();
    arena.until_reason("release", "LockOwnershipUnknown").await;
    arena.pass_time(Duration::from_mins(40)).await;
    assert_eq!(staging.locked_by().as_ref(), Some(&theirs), "a person is told");
    assert!(!is_removed(&arena, Some(&theirs)));
    staging.console().begin_unlock(&theirs);
    arena.until_unlocked(&company).await;
    arena.stand_still(false).await;
    arena.promoted(&company, 0).await;
    arena.check_outputs().await;
}

/// A gateway holds the request for longer than it takes to settle, and passes it on when nobody waits for it any more.
#[tokio::test]
async fn a_lock_that_a_gateway_takes_late_is_given_back() {
    let mut arena = Arena::start("a gateway takes a lock late").await;
    let company = arena.company(&THREE).await;
    let staging = &company.site("staging").tenant;
    let gateway = arena.asked_with(&company, Fault::Gateway).await;
    arena.stand_still(true).await;
    arena.pass_time(A_LITTLE).await;
    assert_eq!(arena.asked(), 1);
    gateway.remove();
    arena
        .wait_until(|_| (!staging.is_locked()).then(|| "not taken yet".to_owned()))
        .await;
    arena.until_reason("release", "LockOwnershipUnknown").await;
    arena.until_unlocked(&company).await;
    assert_eq!(promotions(&arena), 0, "nothing is promoted under it");
    arena.stand_still(false).await;
    arena.promoted(&company, 1).await;
    arena.check_outputs().await;
}

/// Another lock was there when the request must have settled, so that nothing tells whose a later one is: it is neither
/// removed nor promoted under, and a person is told.
#[tokio::test]
async fn a_late_lock_after_another_ones_is_a_persons_affair() {
    let mut arena = Arena::start("a late lock after another one's").await;
    let company = arena.company(&THREE).await;
    let staging = &company.site("staging").tenant;
    let gateway = arena.asked_with(&company, Fault::Gateway).await;
    let theirs = staging.console().begin_lock();
    arena.until_locked(&company, "staging").await;
    arena.pass_time(A_LITTLE).await;
    arena.stand_still(true).await;
    for site in ["dev", "staging"] {
        company.site(site).tenant.console().unlock();
    }
    arena.pass_time(Duration::from_secs(30)).await;
    gateway.remove();
    arena.until_locked(&company, "staging").await;
    let ours = staging.locked_by().unwrap();
    assert_ne!(ours, theirs);
    let told = arena.until_reason("release", "LockOwnershipUnknown").await;
    assert!(is_condition(&told, "Stalled", "True"), "{:?}", told.data);
    arena.pass_time(Duration::from_mins(15)).await;
    assert_eq!(staging.locked_by().as_ref(), Some(&ours));
    arena.annotate("pingone-aic.io/unlock", &ours).await;
    arena.until_unlocked(&company).await;
    arena.stand_still(false).await;
    arena.promoted(&company, 0).await;
    arena.check_outputs().await;
}

/// The same while a second request of ours is answered: whatever comes of the first is looked for before the stage ends.
#[tokio::test]
async fn a_stage_does_not_end_before_its_lost_request_is_harmless() {
    let mut arena = Arena::start("a stage waits for its lost request").await;
    let company = arena.company(&THREE).await;
    company.group.set_times(crate::leaders::NO_TIME);
    let staging = &company.site("staging").tenant;
    let gateway = arena.asked_with(&company, Fault::Gateway).await;
    arena
        .wait_until(|arena| (promotions(arena) == 0).then(|| "not promoted".to_owned()))
        .await;
    arena.until_reason("release", "LockOwnershipUnknown").await;
    gateway.remove();
    arena
        .wait_until(|_| (!staging.is_locked()).then(|| "not taken yet".to_owned()))
        .await;
    arena.promoted(&company, 0).await;
    assert_eq!(company.stranded(), None);
    arena.check_outputs().await;
}

/// An object that is being deleted waits, too.
#[tokio::test]
async fn a_run_is_not_gone_before_its_lost_request_is_harmless() {
    let mut arena = Arena::start("a deleted run waits for its lost request").await;
    let company = arena.company(&THREE).await;
    let staging = &company.site("staging").tenant;
    let gateway = arena.asked_with(&company, Fault::Gateway).await;
    arena.namespace.delete("Promotion", "release").await.unwrap();
    arena.pass_time(A_LITTLE).await;
    gateway.remove();
    arena
        .wait_until(|_| (!staging.is_locked()).then(|| "not taken yet".to_owned()))
        .await;
    arena.until_gone("release").await;
    assert_eq!(staging.lock_state(), LockState::Unlocked);
    assert_eq!((promotions(&arena), arena.crime(&company)), (0, None));
    arena.check_outputs().await;
}

impl Arena {
    /// Waits until the run is at its gate, though the law was broken in the one way that is documented.
    async fn promoted_by_crime(&mut self, company: &Company) {
        self.phase("release", "Gated").await.unwrap();
        assert_eq!(promotions(self), 1);
        let crime = self.crime(company).unwrap();
        assert!(crime.contains("was removed, and was not given"), "{crime}");
        self.check_outputs().await;
    }
}
