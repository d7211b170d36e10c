use futures::{FutureExt, StreamExt};

use super::*;

const INTERVAL: Duration = Duration::from_mins(10);
/// Longer than any wait between two tries.
const LONGEST: Duration = Duration::from_mins(12);

fn first(queue: &Arc<Queue<&'static str>>) -> Option<&'static str> {
    let due = Box::pin(Arc::clone(queue).due()).next().now_or_never();
    due.flatten().map(|due| due.item)
}

fn happened(queue: &Queue<&'static str>, item: &'static str) {
    queue.now(&item, "", Priority::Change);
}

#[tokio::test]
async fn what_happens_is_due_at_once_and_a_check_only_after_its_interval() {
    let (clock, control) = Clock::controlled();
    let queue = Arc::new(Queue::new(clock, usize::MAX));
    happened(&queue, "a");
    assert_eq!(first(&queue), Some("a"));
    queue.done(&"a", When::Check(INTERVAL));
    control.advance(Duration::from_secs(59));
    assert_eq!(first(&queue), None);
    queue.now(&"a", "", Priority::Check);
    assert_eq!(first(&queue), Some("a"));
    queue.done(&"a", When::Check(INTERVAL));
    control.advance(Duration::from_mins(8));
    assert_eq!(first(&queue), None);
    control.advance(Duration::from_mins(2));
    assert_eq!(first(&queue), Some("a"));
}

#[tokio::test]
async fn what_happens_during_a_pass_waits_for_its_end_and_is_not_hidden_by_it() {
    let queue = Arc::new(Queue::new(Clock::system(), usize::MAX));
    happened(&queue, "a");
    assert_eq!(queue.load().waiting.get(&Priority::Change), Some(&1));
    assert_eq!(first(&queue), Some("a"));
    happened(&queue, "a");
    assert_eq!(first(&queue), None, "never two at a time");
    queue.done(&"a", When::Check(INTERVAL));
    assert_eq!(queue.load().waiting.get(&Priority::Change), Some(&1));
    assert_eq!(first(&queue), Some("a"));
}

#[tokio::test]
async fn an_object_that_is_gone_is_looked_at_again_only_if_it_comes_back() {
    let queue = Arc::new(Queue::new(Clock::system(), usize::MAX));
    happened(&queue, "a");
    assert_eq!(first(&queue), Some("a"));
    queue.forget(&"a");
    queue.done(&"a", When::Poll(Duration::ZERO));
    assert_eq!(first(&queue), None);
    happened(&queue, "a");
    assert_eq!(first(&queue), Some("a"));
    queue.forget(&"a");
    happened(&queue, "a");
    assert_eq!(first(&queue), None, "the pass over its predecessor is under way");
    queue.done(&"a", When::Check(INTERVAL));
    assert_eq!(first(&queue), Some("a"));
    queue.done(&"a", When::OnChange);
    assert!(queue.state.lock().entries.is_empty());
}

#[tokio::test]
async fn retries_come_later_and_later_and_never_before_they_are_allowed() {
    let (clock, control) = Clock::controlled();
    let queue = Arc::new(Queue::new(clock, usize::MAX));
    happened(&queue, "a");
    assert_eq!(first(&queue), Some("a"));
    queue.done(&"a", When::Retry(None));
    control.advance(Duration::from_secs(6));
    assert_eq!(first(&queue), Some("a"));
    queue.done(&"a", When::Retry(None));
    control.advance(Duration::from_secs(9));
    assert_eq!(first(&queue), None);
    control.advance(Duration::from_secs(2));
    assert_eq!(first(&queue), Some("a"));
    queue.done(&"a", When::Retry(Some(Duration::from_hours(2))));
    control.advance(Duration::from_mins(119));
    assert_eq!(first(&queue), None);
}

#[tokio::test]
async fn failures_are_forgotten_by_a_success_and_by_a_change() {
    let (clock, control) = Clock::controlled();
    let queue = Arc::new(Queue::new(clock, usize::MAX));
    let fails = |times| {
        for _ in 0..times {
            assert_eq!(first(&queue), Some("a"));
            queue.done(&"a", When::Retry(None));
            control.advance(LONGEST);
        }
    };
    let is_first_retry = || {
        assert_eq!(first(&queue), Some("a"));
        queue.done(&"a", When::Retry(None));
        control.advance(Duration::from_secs(6));
        first(&queue) == Some("a")
    };
    happened(&queue, "a");
    fails(5);
    happened(&queue, "a");
    assert!(is_first_retry(), "a change");
    queue.done(&"a", When::Retry(None));
    control.advance(LONGEST);
    fails(5);
    assert_eq!(first(&queue), Some("a"));
    queue.done(&"a", When::Poll(Duration::from_secs(1)));
    control.advance(Duration::from_secs(1));
    assert!(is_first_retry(), "a success");
}

#[tokio::test]
async fn a_place_that_is_full_holds_up_nobody_elsewhere() {
    let queue = Arc::new(Queue::new(Clock::system(), 2));
    for item in ["a", "b", "c"] {
        queue.now(&item, "dead", Priority::Change);
    }
    assert_eq!(
        [first(&queue), first(&queue), first(&queue)],
        [Some("a"), Some("b"), None]
    );
    queue.now(&"d", "alive", Priority::Check);
    assert_eq!(first(&queue), Some("d"));
    queue.done(&"b", When::OnChange);
    assert_eq!(first(&queue), Some("c"));
}

#[tokio::test]
async fn the_most_urgent_comes_first_and_checks_leave_room_for_it() {
    let queue = Arc::new(Queue::new(Clock::system(), 3));
    for (item, priority) in [
        ("check", Priority::Check),
        ("another", Priority::Check),
        ("change", Priority::Change),
        ("new", Priority::New),
    ] {
        queue.now(&item, "tenant", priority);
    }
    assert_eq!([first(&queue), first(&queue)], [Some("new"), Some("change")]);
    assert_eq!(
        first(&queue),
        None,
        "two are under way, and checks get one of three"
    );
    // What waits for its check and is changed meanwhile moves up.
    queue.now(&"another", "tenant", Priority::Change);
    assert_eq!(first(&queue), Some("another"));
}

#[tokio::test]
async fn what_waits_long_is_told_once_and_has_no_turn_meanwhile() {
    let (clock, control) = Clock::controlled();
    let queue = Arc::new(Queue::new(clock, 3));
    for item in ["a", "b", "c", "d"] {
        queue.now(&item, "tenant", Priority::Change);
    }
    queue.now(&"e", "tenant", Priority::Check);
    assert!(first(&queue).is_some() && first(&queue).is_some() && first(&queue).is_some());
    let minute = Duration::from_mins(1);
    assert!(queue.waits_for(minute).is_empty());
    control.advance(minute);
    assert_eq!(queue.waits_for(minute), ["d"]);
    let since = queue.hold(&"d").unwrap();
    queue.done(&"a", When::OnChange);
    assert_eq!(first(&queue), None, "it is being told");
    queue.put_back(&"d", since, true);
    assert!(queue.waits_for(minute).is_empty());
    assert_eq!(first(&queue), Some("d"));
    assert_eq!(queue.hold(&"d"), None, "its turn has come");
}

#[tokio::test]
async fn checks_that_begin_together_are_spread_over_their_interval_and_stretch_under_pressure() {
    let (clock, control) = Clock::controlled();
    let queue = Arc::new(Queue::new(clock, 100));
    let items: Vec<_> = (0..1000).collect();
    for item in &items {
        queue.now(item, "tenant", Priority::Check);
    }
    let mut due = Box::pin(Arc::clone(&queue).due());
    let mut counts = Vec::new();
    for _ in 0..10 {
        let mut count = 0;
        while let Some(Some(next)) = due.next().now_or_never() {
            queue.done(&next.item, When::Check(INTERVAL));
            count += 1;
        }
        counts.push(count);
        control.advance(INTERVAL / 10);
    }
    assert_eq!(counts[0], 1000);
    assert!(
        counts[2..].iter().all(|count| (70..160).contains(count)),
        "{counts:?}"
    );
    // Who waited for eight minutes comes later by as much.
    let queue = Arc::new(Queue::new(queue.clock.clone(), 1));
    let mut due = Box::pin(Arc::clone(&queue).due());
    for wait in [0, 8] {
        queue.now(&0, "tenant", Priority::Check);
        control.advance(Duration::from_mins(wait));
        assert!(due.next().now_or_never().is_some());
        queue.done(&0, When::Check(INTERVAL));
    }
    control.advance(Duration::from_mins(16));
    assert!(due.next().now_or_never().is_none());
    control.advance(Duration::from_mins(2));
    assert!(due.next().now_or_never().is_some());
}

#[tokio::test]
async fn polls_come_when_they_are_to_and_slow_ones_do_not_stay_in_step() {
    let (clock, control) = Clock::controlled();
    let queue = Arc::new(Queue::new(clock, 100));
    let mut due = Box::pin(Arc::clone(&queue).due());
    let mut come = |after: Duration, passes: Duration| {
        control.advance(passes);
        let mut come = 0;
        while let Some(Some(next)) = due.next().now_or_never() {
            queue.done(&next.item, When::Poll(after));
            come += 1;
        }
        come
    };
    (0..100).for_each(|item| queue.now(&item, "tenant", Priority::Change));
    let [quick, slow] = [15, 50].map(Duration::from_secs);
    assert_eq!(come(quick, Duration::ZERO), 100);
    assert_eq!(come(slow, quick), 100);
    assert_eq!(come(slow, Duration::from_secs(49)), 0);
    let seconds: Vec<_> = (0..11).map(|_| come(slow, Duration::from_secs(1))).collect();
    assert_eq!(
        seconds.iter().sum::<usize>(),
        100,
        "within ten seconds more: {seconds:?}"
    );
    assert!(seconds.iter().all(|come| *come < 30), "{seconds:?}");
}

#[tokio::test]
async fn whoever_stood_by_has_waited_for_nobody() {
    let (clock, control) = Clock::controlled();
    let queue = Arc::new(Queue::new(clock, 4));
    queue.now(&"settled", "tenant", Priority::Change);
    queue.now(&"changed", "tenant", Priority::Change);
    control.advance(Duration::from_hours(72));
    queue.begin(|item| (*item == "settled").then_some(Priority::Check));
    assert!(queue.waits_for(Duration::from_mins(1)).is_empty());
    let mut due = Box::pin(Arc::clone(&queue).due());
    let turns = [due.next().await, due.next().await].map(Option::unwrap);
    assert_eq!(turns.each_ref().map(|due| due.item), ["changed", "settled"]);
    assert!(turns.iter().all(|due| due.waited < Duration::from_mins(1)));
}
