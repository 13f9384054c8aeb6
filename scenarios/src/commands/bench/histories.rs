//! Histories for measuring checkers: clients of a system that does not exist, and does everything right.
//!
//! Each operation takes effect at one drawn moment between its two events, so a history holds by construction,
//! for the strongest promise there is. A few answers are lost: those operations took effect or did not, which is
//! what makes judging hard.

use std::collections::BTreeMap;
use std::fmt::Write;

use sim::checkers::foreign::ForeignModel;
use sim::random::{Lineage, Randomness, Root, Seeds, Stream};

/// A kind of history.
pub struct Drawn {
    /// What it is about.
    pub model: ForeignModel,
    /// How many operations it has; a transaction is one.
    pub operations: u64,
    /// How many clients there are at a time.
    pub clients: u64,
    /// One answer in so many is lost. Each lost write of a register may take effect at any later moment, so what
    /// there is to search grows with every one of them: with some fifty on one register a search gives up.
    pub lost_one_in: u64,
}

/// The histories that checkers are measured on.
pub const DRAWN: [Drawn; 2] = [
    Drawn {
        model: ForeignModel::ListAppend,
        operations: 100_000,
        clients: 20,
        lost_one_in: 200,
    },
    Drawn {
        model: ForeignModel::Register,
        operations: 10_000,
        clients: 20,
        lost_one_in: 1_000,
    },
];

/// So many lists are in use at a time, and each is left once it has so many elements.
const LISTS: u64 = 10;
const LIST_LENGTH: usize = 100;

/// A client's operation under way: what was asked, and the answer once it took effect.
struct UnderWay {
    asked: Vec<Step>,
    answer: Option<String>,
}

enum Step {
    Append(u64, u64),
    ReadList(u64),
    Write(u64),
    Read,
}

/// The system.
#[derive(Default)]
struct System {
    lists: BTreeMap<u64, Vec<u64>>,
    register: Option<u64>,
    /// No value is written twice.
    written: u64,
    /// The first list in use.
    first_list: u64,
}

impl Drawn {
    /// Told in a line.
    pub fn what(&self) -> String {
        let Drawn {
            model,
            operations,
            clients,
            lost_one_in: _,
        } = self;
        format!(
            "{}, {operations} operations of {clients} clients",
            model.name()
        )
    }

    /// The history as `proveniq check` reads it, the same each time.
    pub fn text(&self) -> String {
        let randomness = Randomness::new(Seeds::derive(1));
        let lineage = Lineage::of("bench");
        let mut stream = randomness.stream(Root::Workload, lineage, self.model.name());
        let mut system = System::default();
        // A client whose answer was lost is another one from then on.
        let mut names: Vec<u64> = (0..self.clients).collect();
        let mut clients: Vec<Option<UnderWay>> = names.iter().map(|_| None).collect();
        let (mut begun, mut text) = (0, String::new());
        while begun < self.operations || clients.iter().any(Option::is_some) {
            let client = stream.below(self.clients) as usize;
            clients[client] = match clients[client].take() {
                None if begun == self.operations => None,
                None => {
                    begun += 1;
                    let asked = self.ask(&mut system, &mut stream);
                    self.tell(&mut text, names[client], "invoke", &asked_in_words(&asked));
                    let answer = None;
                    Some(UnderWay { asked, answer })
                }
                Some(UnderWay {
                    asked,
                    answer: None,
                }) => {
                    let answer = Some(system.perform(&asked));
                    Some(UnderWay { asked, answer })
                }
                Some(UnderWay { asked, .. }) if stream.below(self.lost_one_in) == 0 => {
                    self.tell(&mut text, names[client], "info", &asked_in_words(&asked));
                    names[client] += self.clients;
                    None
                }
                Some(UnderWay {
                    answer: Some(answer),
                    ..
                }) => {
                    self.tell(&mut text, names[client], "ok", &answer);
                    None
                }
            };
        }
        text
    }

    fn ask(&self, system: &mut System, stream: &mut Stream) -> Vec<Step> {
        if self.model == ForeignModel::Register {
            return vec![match stream.below(2) {
                0 => Step::Read,
                _ => Step::Write(system.new_value()),
            }];
        }
        let steps = stream.between(1, 4);
        let step = |_| {
            let list = system.first_list + stream.below(LISTS);
            match stream.below(2) {
                0 => Step::ReadList(list),
                _ => Step::Append(list, system.new_value()),
            }
        };
        (0..steps).map(step).collect()
    }

    fn tell(&self, text: &mut String, client: u64, kind: &str, value: &str) {
        let function = match self.model {
            ForeignModel::Register => value.split(' ').next().unwrap_or_default(),
            _ => "txn",
        };
        let value = match self.model {
            ForeignModel::Register => value.split(' ').nth(1).unwrap_or_default(),
            _ => value,
        };
        writeln!(
            text,
            "{{:process {client}, :type :{kind}, :f :{function}, :value {value}}}"
        )
        .expect("a text takes all that is written");
    }
}

impl System {
    fn new_value(&mut self) -> u64 {
        self.written += 1;
        self.written
    }

    fn perform(&mut self, asked: &[Step]) -> String {
        let answers = asked.iter().map(|step| match step {
            Step::Append(list, value) => {
                let elements = self.lists.entry(*list).or_default();
                elements.push(*value);
                if elements.len() >= LIST_LENGTH {
                    self.first_list = self.first_list.max(list + 1);
                }
                format!("[:append {list} {value}]")
            }
            Step::ReadList(list) => {
                let elements = self.lists.get(list).map(Vec::as_slice).unwrap_or_default();
                let elements: Vec<String> = elements.iter().map(u64::to_string).collect();
                format!("[:r {list} [{}]]", elements.join(" "))
            }
            Step::Write(value) => {
                self.register = Some(*value);
                format!("write {value}")
            }
            Step::Read => {
                let value = self.register.map_or("nil".to_owned(), |it| it.to_string());
                format!("read {value}")
            }
        });
        in_words(answers.collect())
    }
}

fn asked_in_words(asked: &[Step]) -> String {
    let steps = asked.iter().map(|step| match step {
        Step::Append(list, value) => format!("[:append {list} {value}]"),
        Step::ReadList(list) => format!("[:r {list} nil]"),
        Step::Write(value) => format!("write {value}"),
        Step::Read => "read nil".to_owned(),
    });
    in_words(steps.collect())
}

/// Steps of a transaction stand in brackets; an operation on a register is one step alone.
fn in_words(steps: Vec<String>) -> String {
    match steps.first() {
        Some(first) if !first.starts_with('[') => first.clone(),
        _ => format!("[{}]", steps.join(" ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sim::checkers::foreign::{Question, judge};
    use sim::checkers::linearizability::Budget;
    use sim::checkers::transactions::Isolation;
    use sim::checkers::verdict::Verdict;

    fn verdict(model: ForeignModel, text: &str) -> Verdict {
        let question = Question {
            model,
            notation: None,
            level: Isolation::StrictSerializable,
            budget: Budget::USUAL,
        };
        judge(text, &question).expect("a history").verdict
    }

    /// What is always held would be held by a checker that looks at nothing.
    #[test]
    fn a_drawn_history_holds_and_one_whose_last_read_forgets_does_not() {
        for model in [ForeignModel::ListAppend, ForeignModel::Register] {
            let drawn = Drawn {
                model,
                operations: 400,
                clients: 20,
                lost_one_in: 50,
            };
            let text = drawn.text();
            assert_eq!(text, drawn.text(), "the same each time");
            assert_eq!(text.matches(":invoke").count(), 400);
            assert!(text.contains(":info"), "some answers are lost");
            assert_eq!(verdict(model, &text), Verdict::Held);
            let stale = match model {
                ForeignModel::Register => "{:process 900, :type :T, :f :read, :value V}\n",
                _ => "{:process 900, :type :T, :f :txn, :value [[:r 0 V]]}\n",
            };
            let asked = stale.replace(":T", ":invoke").replace('V', "nil");
            let answer = match model {
                ForeignModel::Register => "nil",
                _ => "[]",
            };
            let answered = stale.replace(":T", ":ok").replace('V', answer);
            let text = format!("{text}{asked}{answered}");
            let verdict = verdict(model, &text);
            assert!(matches!(verdict, Verdict::Violated(_)), "{verdict:?}");
        }
    }
}
