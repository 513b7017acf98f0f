//! `[log]`.

choice! {
    /// How log lines are written.
    pub enum LogFormat {
        /// One JSON object a line.
        Json = "json",
        /// Lines for people.
        Pretty = "pretty",
    }
}

section! {
    /// What is logged, to the standard error output.
    pub struct Log in "log" {
        /// How lines are written: "pretty" for people, "json" for machines.
        format: LogFormat = LogFormat::Pretty,
        /// What is logged: a level, or directives such as "info,rookery::store=debug".
        filter: String = String::from("info,actix_http=off"),
    }
}
