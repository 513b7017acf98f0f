//! Reads what people talk about. A topic has threads; a thread is an opening, what may be replied to it, and what whoever
//! opened it says to any such reply.

use std::sync::LazyLock;

/// Something to talk about.
#[derive(Debug)]
pub struct Topic {
    /// Its name in personas.
    pub name: &'static str,
    /// What people call it.
    pub title: &'static str,
    /// Words that belong to it.
    pub words: Vec<&'static str>,
    /// Where in [`threads`] its threads begin and end.
    threads: std::ops::Range<usize>,
}

/// An exchange of three turns. Phrases as in `grammar`.
#[derive(Debug)]
pub struct Thread {
    /// Its place in [`threads`].
    pub index: usize,
    /// Whether it opens with a question.
    pub is_question: bool,
    /// The first turn.
    pub opening: &'static str,
    /// The second.
    pub replies: Vec<&'static str>,
    /// The third.
    pub reactions: Vec<&'static str>,
}

macro_rules! texts {
    ($($name:literal)*) => {
        [$(($name, include_str!(concat!("text/topics/", $name, ".txt")))),*]
    };
}

static TOPICS: LazyLock<(Vec<Topic>, Vec<Thread>)> = LazyLock::new(|| {
    let texts = texts!(
        "birds" "books" "bread" "clocks" "crafts" "forest" "friends" "market" "music" "news" "riddles" "roses" "sea" "stars"
        "tea" "weather"
    );
    let (mut topics, mut all) = (Vec::new(), Vec::new());
    for (name, text) in texts {
        topics.push(read(name, text, &mut all));
    }
    (topics, all)
});

/// All topics.
pub fn topics() -> &'static [Topic] {
    &TOPICS.0
}

/// All threads of all topics.
pub fn threads() -> &'static [Thread] {
    &TOPICS.1
}

/// The topic with this name.
pub fn named(name: &str) -> Option<&'static Topic> {
    topics().iter().find(|topic| topic.name == name)
}

impl Topic {
    /// Its threads.
    pub fn threads(&self) -> &'static [Thread] {
        threads().get(self.threads.clone()).unwrap_or(&[])
    }
}

fn read(name: &'static str, text: &'static str, all: &mut Vec<Thread>) -> Topic {
    let first = all.len();
    let (mut title, mut words) = (name, Vec::new());
    for line in super::lines(text) {
        let Some((mark, rest)) = line.split_once(' ') else {
            continue;
        };
        match (mark, all.last_mut().filter(|thread| thread.index >= first)) {
            ("words", _) => words = rest.split(' ').collect(),
            ("title", _) => title = rest,
            ("?" | "!", _) => all.push(Thread {
                index: all.len(),
                is_question: mark == "?",
                opening: rest,
                replies: Vec::new(),
                reactions: Vec::new(),
            }),
            ("=", Some(thread)) => thread.replies.push(rest),
            (">", Some(thread)) => thread.reactions.push(rest),
            _ => {}
        }
    }
    Topic {
        name,
        title,
        words,
        threads: first..all.len(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_topic_has_words_and_threads_of_three_turns() {
        assert_eq!((topics().len(), threads().len()), (16, 100));
        for topic in topics() {
            assert!(topic.words.len() >= 4 && topic.title != topic.name.to_uppercase());
            assert!(topic.threads().len() >= 6, "{}", topic.name);
        }
        for (index, thread) in threads().iter().enumerate() {
            assert_eq!(thread.index, index);
            assert!(
                !thread.replies.is_empty() && !thread.reactions.is_empty(),
                "{}",
                thread.opening
            );
        }
    }
}
