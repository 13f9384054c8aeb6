//! A session: simulated time that passes when told to, actions, status updates, and the files they become.
//!
//! It prints nothing and reads nothing; who asks is told in words.

use std::time::Duration;

use grading::submission::update::Update;
use grading::submission::{ACTIONS, UPDATES};
use model::incident::action::Action;
use model::incident::episode::{HandOver, LENGTH, Outcome};
use model::incident::plant::Plant;
use serde_json::{Map, Value, json};

/// A session.
#[derive(Clone)]
pub struct Session {
    hand_over: HandOver,
    plant: Plant,
    actions: Vec<Value>,
    updates: Vec<Value>,
}

impl Session {
    /// One that begins.
    pub fn new(hand_over: HandOver) -> Session {
        Session {
            plant: hand_over.plant.clone(),
            hand_over,
            actions: Vec::new(),
            updates: Vec::new(),
        }
    }

    /// The incident as it was handed over.
    pub fn hand_over(&self) -> &HandOver {
        &self.hand_over
    }

    /// The simulated system as it is now.
    pub fn plant(&self) -> &Plant {
        &self.plant
    }

    /// Seconds since hand-over.
    pub fn now_s(&self) -> u64 {
        self.plant.now().since(self.hand_over.at).as_secs()
    }

    /// Seconds until the end of the episode.
    pub fn left_s(&self) -> u64 {
        LENGTH.as_secs() - self.now_s()
    }

    /// How many updates were posted.
    pub fn updates_posted(&self) -> usize {
        self.updates.len()
    }

    /// Lets so many seconds pass.
    ///
    /// # Errors
    /// When the words are no number, or the episode ends before.
    pub fn advance(&mut self, words: &str) -> Result<(), String> {
        let left = self.left_s();
        match words.trim().parse::<u64>() {
            Ok(seconds) if seconds <= left => {
                let until = self.plant.now() + Duration::from_secs(seconds);
                self.plant.run_until(until);
                Ok(())
            }
            _ => Err(format!("give whole seconds, {left} at most")),
        }
    }

    /// Begins an action, such as `set_pool_size pool=webhook size=20`; gives its name and how long it takes.
    ///
    /// # Errors
    /// When there is no such action, or a field is missing, unknown or out of bounds.
    pub fn act(&mut self, words: &str) -> Result<String, String> {
        let mut words = words.split_whitespace();
        let mut object = Map::new();
        object.insert("action".to_owned(), words.next().unwrap_or_default().into());
        for word in words {
            let (field, value) = word
                .split_once('=')
                .ok_or_else(|| format!("`{word}` is no FIELD=VALUE"))?;
            let value = value
                .parse::<u64>()
                .map_or(json!(value), |value| json!(value));
            object.insert(field.to_owned(), value);
        }
        let action: Action = serde_json::from_value(Value::Object(object.clone()))
            .map_err(|error| format!("{error}; `actions` lists what each one takes"))?;
        let takes = action.takes().as_secs();
        self.plant.act(action).map_err(|error| error.to_string())?;
        object.insert("at_s".to_owned(), self.now_s().into());
        self.actions.push(Value::Object(object));
        Ok(format!("act-{} takes {takes} s", self.actions.len()))
    }

    /// Posts an update made of answers to the form's questions, in their order; an empty answer leaves a field out.
    ///
    /// # Errors
    /// When it is no update.
    pub fn post(&mut self, answers: &[String]) -> Result<(), String> {
        let mut object = Map::new();
        object.insert("at_s".to_owned(), self.now_s().into());
        for (question, answer) in QUESTIONS.iter().zip(answers) {
            let answer = answer.trim();
            if !answer.is_empty() {
                let value = (question.read)(answer);
                let value = value.map_err(|told| format!("{}: {told}", question.field))?;
                object.insert(question.field.to_owned(), value);
            }
        }
        let update = Value::Object(object);
        let known: Result<Update, _> = serde_json::from_value(update.clone());
        let known = known.map_err(|error| error.to_string())?;
        let sound = known.check();
        sound.map_err(|(field, told)| format!("{field}: {told}"))?;
        self.updates.push(update);
        Ok(())
    }

    /// The files of the submission that were made here: the post-mortem is for afterwards.
    pub fn files(&self) -> [(&'static str, String); 2] {
        let lines = |values: &[Value]| -> String {
            values.iter().map(|value| format!("{value}\n")).collect()
        };
        [
            (ACTIONS, lines(&self.actions)),
            (UPDATES, lines(&self.updates)),
        ]
    }

    /// Lets the rest of the episode pass: what it comes to.
    pub fn end(mut self) -> Outcome {
        self.plant.run_until(self.hand_over.at + LENGTH);
        Outcome::of(self.plant, self.hand_over.at)
    }
}

/// A question of the form for a status update.
pub struct Question {
    /// The field it fills.
    pub field: &'static str,
    /// What to write.
    pub hint: &'static str,
    read: fn(&str) -> Result<Value, String>,
}

/// The questions, in order.
pub const QUESTIONS: &[Question] = &[
    Question {
        field: "audience",
        hint: "external or internal",
        read: text,
    },
    Question {
        field: "status",
        hint: "investigating, identified, monitoring or resolved",
        read: text,
    },
    Question {
        field: "severity",
        hint: "SEV-1 to SEV-5",
        read: text,
    },
    Question {
        field: "text",
        hint: "what you tell them",
        read: text,
    },
    Question {
        field: "scope",
        hint: "what is affected, such as verification webhooks",
        read: words,
    },
    Question {
        field: "actions_now",
        hint: "such as act-1 act-2",
        read: words,
    },
    Question {
        field: "impact",
        hint: "METRIC=VALUE, such as error_rate=0.12",
        read: impact,
    },
    Question {
        field: "next_update_at_s",
        hint: "the second from hand-over of the next update",
        read: json_value,
    },
    Question {
        field: "data_lost",
        hint: "true or false, once it is over",
        read: json_value,
    },
];

fn text(answer: &str) -> Result<Value, String> {
    Ok(answer.into())
}

fn words(answer: &str) -> Result<Value, String> {
    let words: Vec<&str> = answer.split_whitespace().collect();
    Ok(json!(words))
}

fn impact(answer: &str) -> Result<Value, String> {
    let figures = answer.split_whitespace().map(|word| {
        let (metric, value) = word.split_once('=')?;
        Some(json!({ "metric": metric, "value": value.parse::<f64>().ok()? }))
    });
    let read: Option<Vec<Value>> = figures.collect();
    let read = read.ok_or_else(|| format!("`{answer}` is not METRIC=VALUE METRIC=VALUE …"))?;
    Ok(read.into())
}

fn json_value(answer: &str) -> Result<Value, String> {
    serde_json::from_str(answer).map_err(|_| format!("`{answer}` is no number, true or false"))
}
