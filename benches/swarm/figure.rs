//! Figures beside what is wanted of them, as a table.

/// What was found under one load.
pub struct Row {
    /// The load, in words.
    pub load: String,
    /// What was found.
    pub figures: Vec<Figure>,
}

/// One thing that was found.
pub struct Figure {
    what: String,
    wanted: String,
    measured: String,
    is_met: bool,
}

impl Figure {
    /// A figure that is to be at most so much.
    pub fn at_most(what: &str, measured: f64, bound: f64, unit: &str) -> Self {
        Self {
            what: what.to_owned(),
            wanted: format!("at most {bound} {unit}"),
            measured: format!("{} {unit}", short(measured)),
            // What is no number is not what is wanted.
            is_met: measured <= bound,
        }
    }

    /// A count that is to be zero.
    pub fn none(what: &str, count: f64) -> Self {
        Self {
            what: what.to_owned(),
            wanted: "none".to_owned(),
            measured: if count <= 0.0 {
                "none".to_owned()
            } else {
                whole(count)
            },
            is_met: count <= 0.0,
        }
    }

    /// A figure of which nothing is wanted.
    pub fn plain(what: &str, measured: impl Into<String>) -> Self {
        Self {
            what: what.to_owned(),
            wanted: String::new(),
            measured: measured.into(),
            is_met: true,
        }
    }

    /// The same figure, with what explains it.
    pub fn because(mut self, why: &str) -> Self {
        self.measured = format!("{} ({why})", self.measured);
        self
    }
}

/// Three digits are what a run tells.
pub fn short(value: f64) -> String {
    match value.abs() {
        large if large >= 1_000.0 => whole(value),
        large if large >= 100.0 => format!("{value:.0}"),
        large if large >= 10.0 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}

/// A whole number with its thousands apart.
pub fn whole(value: f64) -> String {
    let digits = format!("{value:.0}");
    let length = digits.len();
    let mut text = String::new();
    for (index, digit) in digits.char_indices() {
        if index > 0 && (length - index) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// The rows as Markdown; what is not as wanted is bold.
pub fn table(rows: &[Row]) -> String {
    let mut text = String::from("| Load | Figure | Wanted | Measured |\n|---|---|---|---|\n");
    for row in rows {
        for (index, figure) in row.figures.iter().enumerate() {
            let load = if index == 0 { row.load.as_str() } else { "" };
            let bold = if figure.is_met { "" } else { "**" };
            let Figure {
                what,
                wanted,
                measured,
                ..
            } = figure;
            text.push_str(&format!(
                "| {load} | {what} | {wanted} | {bold}{measured}{bold} |\n"
            ));
        }
    }
    text
}
