//! What channels are counted by: never their names, of which there is no end.

use crate::domain::channel::Namespace;

/// The namespace of a channel, as a label of metrics.
pub fn namespace_label(channel: &str) -> &'static str {
    Namespace::of(channel).map_or("world", |namespace| namespace.word())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_those_of_the_namespaces_whatever_the_name() {
        let labels = [
            "public.a.b",
            "agent.alice.x",
            "app.x.y",
            "system.timer.second",
            "#alice",
            "region:a.b",
        ];
        let expected = ["public", "agent", "app", "system", "world", "world"];
        assert_eq!(labels.map(namespace_label), expected);
    }
}
