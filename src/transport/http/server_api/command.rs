//! Commands and their answers as Centrifugo's server API writes them.

use super::Done;
use super::failure::Failure;
use crate::base::limit::SERVER_COMMANDS_MAX;
use crate::domain::refusal::{Code, Refusal};
use crate::transport::http::json;
use schemars::{Schema, SchemaGenerator, json_schema};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use serde_json::json;
use serde_json::value::RawValue;

/// A command.
#[derive(Debug, Deserialize)]
pub struct Command {
    /// A number by which a client knows the answer again.
    #[serde(default)]
    id: u32,
    /// What is to be done.
    pub method: String,
    params: Option<Box<RawValue>>,
}

impl Command {
    /// What is to be done it with: JSON text.
    pub fn params(&self) -> &str {
        self.params.as_deref().map_or("{}", RawValue::get)
    }

    /// Writes the answer.
    pub fn answer(&self, done: Done, out: &mut Vec<u8>) {
        out.push(b'{');
        if self.id > 0 {
            out.extend_from_slice(format!("\"id\":{},", self.id).as_bytes());
        }
        write(done, out);
        out.push(b'}');
    }
}

/// Writes a result or an error, without the braces around it.
pub fn write(done: Done, out: &mut Vec<u8>) {
    match done {
        Ok(result) => {
            out.extend_from_slice(b"\"result\":");
            out.extend_from_slice(&result);
        }
        Err(failure) => {
            out.extend_from_slice(b"\"error\":");
            out.extend_from_slice(json!(failure).to_string().as_bytes());
        }
    }
}

/// The commands of a body: one, or several without anything but white space between them.
/// Errors: `malformed`, `invalid_parameter`, `too_large`.
pub fn read(body: &str) -> Result<Vec<Command>, Refusal> {
    let mut commands = Vec::new();
    for text in serde_json::Deserializer::from_str(body).into_iter::<&RawValue>() {
        let text = text.map_err(|error| Refusal::new(Code::Malformed, error.to_string()))?;
        if commands.len() >= SERVER_COMMANDS_MAX {
            let many = format!("more than {SERVER_COMMANDS_MAX} commands at once");
            return Err(Refusal::new(Code::TooLarge, many));
        }
        commands.push(json::decode(text.get().as_bytes())?);
    }
    if commands.is_empty() {
        return Err(Refusal::new(
            Code::Malformed,
            "the body is empty; it must be JSON",
        ));
    }
    Ok(commands)
}

/// Reads the parameters of a command. Errors: 107.
pub fn decode<T: DeserializeOwned>(params: &str) -> Result<T, Failure> {
    serde_json::from_str(params).map_err(|error| Failure::bad_request(error.to_string()))
}

/// A value that may be null, which is not the same as none.
pub fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Box<RawValue>>, D::Error> {
    Box::<RawValue>::deserialize(deserializer).map(Some)
}

/// The shape of a command, for the document of the interface.
pub fn schema(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "object",
        "required": ["method"],
        "properties": {
            "method": {
                "enum": ["publish", "broadcast", "unsubscribe", "disconnect", "presence", "presence_stats", "history", "info"],
            },
            "params": {"type": "object", "description": "As Centrifugo's server API has them."},
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(body: &str) -> Result<Vec<String>, Code> {
        let commands = read(body).map_err(|refusal| refusal.code)?;
        Ok(commands.into_iter().map(|command| command.method).collect())
    }

    #[test]
    fn a_body_is_one_command_or_a_line_for_each() {
        let one = r#"{"method":"info"}"#;
        assert_eq!(check(one).unwrap(), ["info"]);
        let two = "{\"method\":\"info\"}\n{\"method\":\"publish\",\"params\":{\"channel\":\"a\"}}\n";
        assert_eq!(check(two).unwrap(), ["info", "publish"]);
        assert_eq!(
            check(&one.repeat(SERVER_COMMANDS_MAX)).unwrap().len(),
            SERVER_COMMANDS_MAX
        );
        assert_eq!(check(&one.repeat(SERVER_COMMANDS_MAX + 1)), Err(Code::TooLarge));
        for malformed in [
            "",
            " \n",
            "{",
            "{\"method\":\"a\"} x",
            r#"{"method":"a","method":"b"}"#,
        ] {
            assert_eq!(check(malformed), Err(Code::Malformed), "{malformed}");
        }
        for invalid in [
            "[]",
            "1",
            "{}",
            r#"{"method":1}"#,
            r#"{"method":"a","params":{"b":"\u0000"}}"#,
        ] {
            assert_eq!(check(invalid), Err(Code::InvalidParameter), "{invalid}");
        }
    }

    #[test]
    fn an_answer_is_a_result_or_an_error_under_the_number_of_its_command() {
        let told = |body: &str, done: Done| {
            let mut out = Vec::new();
            read(body).unwrap()[0].answer(done, &mut out);
            String::from_utf8(out).unwrap()
        };
        assert_eq!(told(r#"{"method":"a"}"#, Ok(b"{}".to_vec())), r#"{"result":{}}"#);
        assert_eq!(
            told(r#"{"id":7,"method":"a"}"#, Err(Failure::bad_request("\"why\""))),
            r#"{"id":7,"error":{"code":107,"message":"\"why\""}}"#
        );
    }
}
