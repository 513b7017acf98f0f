//! Reads Rust text far enough to check rules: parts comments and strings from code, and lists the paths the code names.

/// One source text in two views of the same length in lines: what the compiler sees and what people read.
pub struct Source {
    /// The text with comments, strings and character literals blanked.
    pub code: String,
    /// The text with everything but comments blanked.
    pub comments: String,
}

/// A path as written in the code (`use` trees are expanded), with the line it stands on, counted from 1.
#[derive(Debug, PartialEq, Eq)]
pub struct Path {
    pub line: usize,
    pub segments: Vec<String>,
}

impl Path {
    /// Whether the path contains these segments next to one another.
    pub fn has(&self, wanted: &[&str]) -> bool {
        self.segments
            .windows(wanted.len())
            .any(|window| window.iter().eq(wanted))
    }
}

impl Source {
    pub fn parse(text: &str) -> Self {
        let chars: Vec<char> = text.chars().collect();
        let mut kinds = vec![Kind::Code; chars.len()];
        let mut at = 0;
        while at < chars.len() {
            let (kind, end) = piece(&chars, at);
            kinds[at..end].fill(kind);
            at = end;
        }
        let view = |wanted: Kind| {
            let keep = |(char, kind): (&char, &Kind)| {
                if *char == '\n' || *kind == wanted {
                    *char
                } else {
                    ' '
                }
            };
            chars.iter().zip(&kinds).map(keep).collect()
        };
        Self {
            code: view(Kind::Code),
            comments: view(Kind::Comment),
        }
    }

    /// Every path of two or more segments, and every path that a `use` brings in.
    pub fn paths(&self) -> Vec<Path> {
        let tokens = tokens(&self.code);
        let mut paths = Vec::new();
        let mut at = 0;
        while at < tokens.len() {
            let text = tokens[at].1.as_str();
            let is_capture_bound = tokens.get(at + 1).is_some_and(|token| token.1 == "<");
            if text == "use" && !is_capture_bound {
                at = use_tree(&tokens, at + 1, &[], &mut paths);
            } else if is_word(text) {
                let mut segments = vec![text.to_owned()];
                let first = at;
                while let [(_, colons), (_, word), ..] = &tokens[at + 1..] {
                    if colons != "::" || !is_word(word) {
                        break;
                    }
                    segments.push(word.clone());
                    at += 2;
                }
                let before = first.checked_sub(1).map(|index| tokens[index].1.as_str());
                let follows_generics = before == Some("::") && first >= 2 && tokens[first - 2].1 == ">";
                if segments.len() > 1 && before != Some(".") && !follows_generics {
                    paths.push(Path {
                        line: tokens[first].0,
                        segments,
                    });
                }
            }
            at += 1;
        }
        paths
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Code,
    Comment,
    Literal,
}

/// Finds what starts at `at` and where it ends.
fn piece(chars: &[char], at: usize) -> (Kind, usize) {
    let next = chars.get(at + 1).copied();
    let is_word_start = at == 0 || !(chars[at - 1].is_alphanumeric() || chars[at - 1] == '_');
    match (chars[at], next) {
        ('/', Some('/')) => (Kind::Comment, find(chars, at, |char| char == '\n')),
        ('/', Some('*')) => (Kind::Comment, block_comment_end(chars, at)),
        ('"', _) => (Kind::Literal, quoted_end(chars, at + 1, '"')),
        ('r', Some('"' | '#')) if is_word_start => raw_end(chars, at + 1),
        ('b' | 'c', Some('r')) if is_word_start => raw_end(chars, at + 2),
        ('\'', Some('\\')) => (Kind::Literal, quoted_end(chars, at + 1, '\'')),
        ('\'', Some(_)) if chars.get(at + 2) == Some(&'\'') => (Kind::Literal, at + 3),
        _ => (Kind::Code, at + 1),
    }
}

fn find(chars: &[char], from: usize, is_end: impl Fn(char) -> bool) -> usize {
    chars[from..]
        .iter()
        .position(|char| is_end(*char))
        .map_or(chars.len(), |offset| from + offset)
}

fn quoted_end(chars: &[char], from: usize, quote: char) -> usize {
    let mut at = from;
    while at < chars.len() && chars[at] != quote {
        at += if chars[at] == '\\' { 2 } else { 1 };
    }
    (at + 1).min(chars.len())
}

/// Ends a raw string whose hashes start at `hashes`; a raw identifier or a plain word is code.
fn raw_end(chars: &[char], hashes: usize) -> (Kind, usize) {
    let quote = find(chars, hashes, |char| char != '#');
    if chars.get(quote) != Some(&'"') {
        return (Kind::Code, hashes);
    }
    let closing: Vec<char> = std::iter::once('"')
        .chain(std::iter::repeat_n('#', quote - hashes))
        .collect();
    let body = quote + 1;
    let end = chars[body..]
        .windows(closing.len())
        .position(|window| window == closing);
    (
        Kind::Literal,
        end.map_or(chars.len(), |offset| body + offset + closing.len()),
    )
}

/// Block comments nest in Rust.
fn block_comment_end(chars: &[char], from: usize) -> usize {
    let (mut at, mut depth) = (from, 0_usize);
    while at + 1 < chars.len() {
        match (chars[at], chars[at + 1]) {
            ('/', '*') => (depth, at) = (depth + 1, at + 2),
            ('*', '/') if depth == 1 => return at + 2,
            ('*', '/') => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
    }
    chars.len()
}

/// Splits code into words, `::` and single signs, each with its line.
fn tokens(code: &str) -> Vec<(usize, String)> {
    let mut tokens = Vec::new();
    for (index, line) in code.lines().enumerate() {
        let mut chars = line.chars().peekable();
        while let Some(char) = chars.next() {
            let mut text = String::from(char);
            if char.is_whitespace() {
                continue;
            } else if is_word(&text) {
                while let Some(more) = chars.next_if(|char| char.is_alphanumeric() || *char == '_') {
                    text.push(more);
                }
            } else if char == ':' && chars.next_if_eq(&':').is_some() {
                text.push(':');
            }
            tokens.push((index + 1, text));
        }
    }
    tokens
}

fn is_word(text: &str) -> bool {
    text.chars()
        .next()
        .is_some_and(|char| char.is_alphabetic() || char == '_')
}

/// Expands one branch of a `use` tree from `at`; gives the index of the token that ends it (`;`, `,` or `}`).
fn use_tree(tokens: &[(usize, String)], mut at: usize, prefix: &[String], paths: &mut Vec<Path>) -> usize {
    let mut segments = prefix.to_vec();
    while let Some((line, text)) = tokens.get(at) {
        match text.as_str() {
            ";" | "," | "}" => {
                paths.push(Path {
                    line: *line,
                    segments,
                });
                return at;
            }
            "{" => {
                while tokens
                    .get(at)
                    .is_some_and(|token| token.1 == "{" || token.1 == ",")
                {
                    at += 1;
                    if tokens.get(at).is_some_and(|token| token.1 != "}") {
                        at = use_tree(tokens, at, &segments, paths);
                    }
                }
                return at + 1;
            }
            "as" => at += 1,
            "*" => segments.push("*".to_owned()),
            word if is_word(word) => segments.push(word.to_owned()),
            _ => {}
        }
        at += 1;
    }
    at
}

#[cfg(test)]
mod tests {
    use super::{Path, Source};

    fn paths(text: &str) -> Vec<String> {
        Source::parse(text)
            .paths()
            .iter()
            .map(|path| path.segments.join("::"))
            .collect()
    }

    #[test]
    fn comments_and_strings_name_nothing() {
        let text =
            "/// a::b\n/* c::d /* e::f */ g::h */ let s = \"i::j \\\" k::l\"; r#\"m::n\" o::p\"#; '\"'; q::r";
        assert_eq!(paths(text), ["q::r"]);
        let bytes = "b\"a::b\" br\"c::d\" c\"e::f\" '\\'' 'x' &'life g::h r#type::i";
        assert_eq!(paths(bytes), ["g::h", "type::i"]);
    }

    #[test]
    fn comments_are_kept_apart_with_their_lines() {
        let source = Source::parse("let a = \"// no\";\n// yes\nlet b; // also");
        let lines: Vec<&str> = source.comments.lines().map(str::trim).collect();
        assert_eq!(lines, ["", "// yes", "// also"]);
        assert!(!source.code.contains("yes") && !source.code.contains("no"));
    }

    #[test]
    fn use_trees_are_expanded() {
        let text = "pub(crate) use crate::{a::{self, b}, c as d, e::*,};\nuse std::fs;\nuse ::rand;\nfn f() -> x::Y {}";
        let wanted = [
            "crate::a::self",
            "crate::a::b",
            "crate::c",
            "crate::e::*",
            "std::fs",
            "rand",
            "x::Y",
        ];
        assert_eq!(paths(text), wanted);
    }

    #[test]
    fn fields_and_methods_are_no_paths() {
        assert_eq!(
            paths("self.redis.get::<u8>(); Vec::<a::B>::new(); $crate::bus::x!()"),
            ["a::B".to_owned(), "crate::bus::x".to_owned()]
        );
    }

    #[test]
    fn paths_carry_their_line() {
        let wanted = Path {
            line: 3,
            segments: vec!["a".to_owned(), "b".to_owned()],
        };
        assert_eq!(Source::parse("\n\n  a::b()").paths(), [wanted]);
    }
}
