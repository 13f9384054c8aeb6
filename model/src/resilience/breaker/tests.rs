//! A breaker against scripts, and against a second one written the slow way.
//!
//! A script is words: `s f i a` a call that succeeds, fails, is ignored, is abandoned; `(` a call that
//! begins and `)s` the end of the one begun first; `+N` N milliseconds. After each word stands the
//! state, `C O H`, with `x` when a call was rejected.

use proptest::prelude::*;
use proptest::strategy::ValueTree;

use super::*;

const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

fn settlement(letter: &str) -> Settlement {
    match letter {
        "s" => Settlement::Success,
        "f" => Settlement::Failure,
        "i" => Settlement::Ignored,
        "a" => Settlement::Abandoned,
        other => panic!("`{other}` is no settlement"),
    }
}

fn letter(state: State) -> &'static str {
    match state {
        State::Closed => "C",
        State::Open => "O",
        State::HalfOpen => "H",
    }
}

/// Plays a script; gives the states.
fn play(policy: BreakerPolicy, script: &str) -> String {
    let mut breaker = Breaker::new(policy);
    let mut begun = VecDeque::new();
    let mut now = Duration::ZERO;
    let mut states = Vec::new();
    for word in script.split_whitespace() {
        let mut rejected = "";
        if let Some(millis) = word.strip_prefix('+') {
            now += ms(millis.parse().expect("milliseconds"));
        } else if let Some(ends) = word.strip_prefix(')') {
            let permit = begun.pop_front().expect("a call was begun");
            breaker.settle(permit, settlement(ends), now);
        } else {
            match breaker.admit(now) {
                Ok(permit) if word == "(" => begun.push_back(permit),
                Ok(permit) => drop(breaker.settle(permit, settlement(word), now)),
                Err(_) => rejected = "x",
            }
        }
        states.push(format!("{}{rejected}", letter(breaker.state())));
    }
    states.join(" ")
}

#[track_caller]
fn check(claim: &str, script: &str, expected: &str) {
    assert_eq!(
        play(BreakerPolicy::LEDGER, script),
        expected,
        "{claim}: {script}"
    );
}

#[test]
fn it_opens_for_enough_failures_among_enough_calls() {
    check("the third of five", "s s f f f", "C C C C O");
    check("two are too few", "s s s f f", "C C C C C");
    check("three calls are too few", "f f f", "C C C");
    check(
        "it opens with a failure, not with the fifth call",
        "f f f s s f",
        "C C C C C O",
    );
    check(
        "ignored ones are no failures",
        "s s s i i i i",
        "C C C C C C C",
    );
    check("and make no volume", "i i i f f f", "C C C C C C");
    check("nor do abandoned ones", "a a a f f f", "C C C C C C");
}

#[test]
fn what_is_older_than_the_window_does_not_count() {
    check("just inside", "s s f f +59999 f", "C C C C C O");
    check("just outside", "s s f f +60000 f", "C C C C C C");
    check(
        "the calls age too",
        "s s +30000 f f +30000 f",
        "C C C C C C C",
    );
}

#[test]
fn nothing_passes_before_the_open_span_is_over() {
    check("open", "s s f f f s +9999 s", "C C C C O Ox O Ox");
    check("over", "s s f f f +10000 (", "C C C C O O H");
}

#[test]
fn probes_pass_one_at_a_time_and_decide() {
    let opened = "s s f f f +10000";
    let after = |script: &str| {
        let all = play(BreakerPolicy::LEDGER, &format!("{opened} {script}"));
        all.strip_prefix("C C C C O O ")
            .expect("it opened")
            .to_owned()
    };
    // What happens then, what is seen of it, and why.
    let cases = [
        ("( s", "H Hx", "a second call has to wait"),
        ("( )s ( )s s", "H H H C C", "two successes close it"),
        ("( )s ( )f s", "H H H O Ox", "a failure opens it again"),
        (
            "s f +10000 s s",
            "H O O H C",
            "successes before a failure are forgotten",
        ),
        (
            "i i s s",
            "H H H C",
            "an ignored error gives its place back and decides nothing",
        ),
        ("a a s s", "H H H C", "so does an abandoned probe"),
        ("( +59999 s", "H H Hx", "a probe may take long"),
        (
            "( +60000 s s",
            "H H H C",
            "but not for ever: its place goes to the next",
        ),
        (
            "( +60000 ( )f",
            "H H H H",
            "a probe that was given up decides nothing any more",
        ),
        ("( +60000 ( )f )f", "H H H H O", "its successor does"),
        ("s s f f f f f", "H C C C C C O", "a closed one counts anew"),
    ];
    for (script, expected, claim) in cases {
        assert_eq!(after(script), expected, "{claim}: {script}");
    }
}

#[test]
fn an_answer_from_before_it_opened_neither_closes_nor_opens_it() {
    check(
        "late successes are no probes",
        "( ( s s f f f +10000 a )s )s",
        "C C C C C C O O H H H",
    );
    check(
        "a late failure does not open it again",
        "( s s f f f +10000 a )f s s",
        "C C C C C O O H H H C",
    );
    check(
        "nor does it count once it is closed again",
        "( ( ( s s f f f +10000 s s s s )f )f )f",
        "C C C C C C C O O H C C C C C C",
    );
}

#[test]
fn a_rejected_caller_is_told_when_to_come_back() {
    let mut breaker = Breaker::new(BreakerPolicy::LEDGER);
    for _ in 0..5 {
        let permit = breaker.admit(ms(1_000)).expect("closed");
        breaker.settle(permit, Settlement::Failure, ms(1_000));
    }
    let told = |breaker: &mut Breaker, now| breaker.admit(ms(now)).map_err(|no| no.retry_after);
    assert_eq!(told(&mut breaker, 4_000), Err(ms(7_000)));
    let probe = told(&mut breaker, 11_000).expect("the span is over");
    assert_eq!(told(&mut breaker, 11_000), Err(PROBE_UNDER_WAY));
    breaker.settle(probe, Settlement::Failure, ms(12_000));
    assert_eq!(told(&mut breaker, 12_000), Err(ms(10_000)));
}

#[test]
fn a_transition_tells_what_it_was_for() {
    let mut breaker = Breaker::new(BreakerPolicy::LOCKER);
    let mut call = |settlement, now| {
        let permit = breaker.admit(ms(now)).expect("it passes");
        breaker.settle(permit, settlement, ms(now))
    };
    for _ in 0..7 {
        assert_eq!(call(Settlement::Success, 0), None);
    }
    for _ in 0..4 {
        assert_eq!(call(Settlement::Failure, 1), None);
    }
    let (failures, requests) = (5, 12);
    let opened = Some(Transition::Opened { failures, requests });
    assert_eq!(call(Settlement::Failure, 2), opened);
    let outcomes = [30_002, 30_003, 30_004].map(|now| call(Settlement::Success, now));
    assert_eq!(outcomes, [None, None, Some(Transition::Closed)]);
}

/// The same breaker the slow way: it keeps everything that happened and counts it all each time.
struct Reference {
    policy: BreakerPolicy,
    state: State,
    entered: Duration,
    period: u32,
    /// What was counted: when, in which period, whether it failed.
    ended: Vec<(Duration, u32, bool)>,
    /// The probes under way: which, since when.
    probes: Vec<(usize, Duration)>,
}

impl Reference {
    fn counted(&self, failed: bool, since: Duration) -> u32 {
        let fits = |(at, period, failure): &&(Duration, u32, bool)| {
            *period == self.period && *failure == failed && *at + since > self.latest()
        };
        self.ended.iter().filter(fits).count() as u32
    }

    fn latest(&self) -> Duration {
        self.ended.last().map_or(Duration::ZERO, |(at, ..)| *at)
    }

    fn turn(&mut self, state: State, now: Duration) {
        self.state = state;
        self.entered = now;
        self.period += 1;
        self.probes.clear();
    }

    fn admit(&mut self, call: usize, now: Duration) -> bool {
        self.probes
            .retain(|(_, since)| now - *since < self.policy.probe_limit);
        if self.state == State::Open && now - self.entered >= self.policy.open_for {
            self.turn(State::HalfOpen, now);
        }
        match self.state {
            State::Closed => true,
            State::Open => false,
            State::HalfOpen => {
                let free = self.probes.is_empty();
                if free {
                    self.probes.push((call, now));
                }
                free
            }
        }
    }

    fn settle(&mut self, call: usize, period: u32, settlement: Settlement, now: Duration) {
        if period != self.period {
            return;
        }
        if self.state == State::HalfOpen {
            let Some(place) = self.probes.iter().position(|(probe, _)| *probe == call) else {
                return;
            };
            self.probes.remove(place);
        }
        let failed = match settlement {
            Settlement::Success => false,
            Settlement::Failure => true,
            Settlement::Ignored | Settlement::Abandoned => return,
        };
        self.ended.push((now, self.period, failed));
        let forever = Duration::from_secs(1 << 40);
        let (window, policy) = (self.policy.window, self.policy);
        let failures = self.counted(true, window);
        let all = failures + self.counted(false, window);
        match self.state {
            State::Closed
                if failed && failures >= policy.failures_to_open && all >= policy.volume =>
            {
                self.turn(State::Open, now);
            }
            State::HalfOpen if failed => self.turn(State::Open, now),
            State::HalfOpen if self.counted(false, forever) >= policy.successes_to_close => {
                self.turn(State::Closed, now);
            }
            _ => {}
        }
    }
}

#[derive(Clone, Debug)]
enum Action {
    Wait(u64),
    Admit,
    /// Ends one of the calls under way.
    Settle(prop::sample::Index, Settlement),
}

fn actions() -> impl Strategy<Value = Vec<Action>> {
    let settlements = prop_oneof![
        3 => Just(Settlement::Success),
        5 => Just(Settlement::Failure),
        1 => Just(Settlement::Ignored),
        1 => Just(Settlement::Abandoned),
    ];
    let action = prop_oneof![
        2 => (0_u64..60).prop_map(Action::Wait),
        4 => Just(Action::Admit),
        4 => (any::<prop::sample::Index>(), settlements)
            .prop_map(|(which, settlement)| Action::Settle(which, settlement)),
    ];
    prop::collection::vec(action, 1..200)
}

/// Small figures, so that short runs go through every state.
const SMALL: BreakerPolicy = BreakerPolicy {
    failures_to_open: 2,
    successes_to_close: 2,
    open_for: ms(100),
    volume: 3,
    window: ms(150),
    probes_at_once: 1,
    probe_limit: ms(120),
};

const LEGAL: [(State, State); 4] = [
    (State::Closed, State::Open),
    (State::Open, State::HalfOpen),
    (State::HalfOpen, State::Closed),
    (State::HalfOpen, State::Open),
];

/// Plays actions on the breaker and on the reference; gives the states that were passed through.
fn compare(actions: Vec<Action>) -> Result<Vec<State>, TestCaseError> {
    let mut breaker = Breaker::new(SMALL);
    let mut reference = Reference {
        policy: SMALL,
        state: State::Closed,
        entered: Duration::ZERO,
        period: 0,
        ended: Vec::new(),
        probes: Vec::new(),
    };
    let mut under_way = Vec::new();
    let mut now = Duration::ZERO;
    let mut passed = vec![State::Closed];
    for (number, action) in actions.into_iter().enumerate() {
        let before = breaker.state();
        match action {
            Action::Wait(millis) => now += ms(millis),
            Action::Admit => {
                let admitted = breaker.admit(now);
                prop_assert_eq!(admitted.is_ok(), reference.admit(number, now));
                if let Ok(permit) = admitted {
                    prop_assert_ne!(breaker.state(), State::Open);
                    under_way.push((number, reference.period, permit));
                }
            }
            Action::Settle(which, settlement) => {
                if !under_way.is_empty() {
                    let (call, period, permit) = under_way.remove(which.index(under_way.len()));
                    breaker.settle(permit, settlement, now);
                    reference.settle(call, period, settlement, now);
                }
            }
        }
        prop_assert_eq!(breaker.state(), reference.state);
        let probes = under_way
            .iter()
            .filter(|(.., permit)| permit.probe().is_some() && breaker.counts(permit));
        prop_assert!(probes.count() <= 1);
        let after = breaker.state();
        if before != after {
            prop_assert!(
                LEGAL.contains(&(before, after)),
                "{:?} to {:?}",
                before,
                after
            );
            passed.push(after);
        }
    }
    Ok(passed)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn it_does_what_a_breaker_that_counts_everything_anew_does(actions in actions()) {
        compare(actions)?;
    }
}

#[test]
fn the_random_actions_reach_every_transition() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let mut seen = Vec::new();
    for _ in 0..100 {
        let tree = actions()
            .new_tree(&mut runner)
            .expect("actions can be drawn");
        let states = compare(tree.current()).expect("they agree");
        seen.extend(states.windows(2).map(|pair| (pair[0], pair[1])));
    }
    for transition in LEGAL {
        assert!(
            seen.contains(&transition),
            "{transition:?} in {} transitions",
            seen.len()
        );
    }
}
