//! Adverts: what owners say of their channels, with the schema of what is published there.

use super::right::Changed;
use super::{hold_head, note_change};
use crate::base::limit::{ADVERTS_LIST_MAX_BYTES, CHANNEL_ADVERTS_MAX};
use crate::base::time::Timestamp;
use crate::store::connection::on_conn;
use crate::store::{Reader, Result, Store, schema};
use diesel::sql_types::{Nullable, Text};
use diesel::{
    BoolExpressionMethods, EscapeExpressionMethods, ExpressionMethods, OptionalExtension, QueryDsl,
    RunQueryDsl, TextExpressionMethods,
};

#[diesel::declare_sql_function]
extern "SQL" {
    /// A text in small letters; on SQLite those of ASCII only.
    fn lower(text: Text) -> Text;
    /// The same for a text that may be missing.
    #[sql_name = "lower"]
    fn lower_or_null(text: Nullable<Text>) -> Nullable<Text>;
}

/// Rows in one statement.
const ADVERTS_AT_A_TIME: i64 = 100;

/// What is said of a channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Advert {
    /// The channel.
    pub channel: String,
    /// Whose it is: a handle, or `app:<app>`.
    pub owner: String,
    /// What it is about.
    pub description: Option<String>,
    /// The schema of its publications: JSON text.
    pub schema: Option<String>,
    /// When it was said.
    pub updated_at: Timestamp,
}

impl Advert {
    /// What it takes in an answer, about. Units: bytes.
    fn size(&self) -> usize {
        let texts = [&self.description, &self.schema].into_iter().flatten();
        let texts = texts.fold(0_usize, |sum, text| sum.saturating_add(text.len()));
        let names = self.channel.len().saturating_add(self.owner.len());
        texts.saturating_add(names)
    }
}

/// What a search found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Search {
    /// The newest of them.
    pub found: Vec<Advert>,
    /// How many there are.
    pub total: i64,
}

type Row = (String, String, Option<String>, Option<String>, i64);

fn advert((channel, owner, description, schema, updated_at): Row) -> Advert {
    Advert {
        channel,
        owner,
        description,
        schema,
        updated_at: Timestamp(updated_at),
    }
}

impl Store {
    /// Says something of a channel, instead of what was said before.
    pub fn advertise(&mut self, advert: &Advert) -> Result<Changed> {
        use schema::channel_advert::dsl as a;
        self.write("advertise a channel", |conn| {
            hold_head(conn)?;
            let others = || {
                a::channel_advert
                    .filter(a::owner.eq(&advert.owner).and(a::channel.ne(&advert.channel)))
                    .count()
            };
            let count: i64 = on_conn!(conn, |c| others().get_result(c))?;
            if count >= CHANNEL_ADVERTS_MAX {
                return Ok(Changed::Full);
            }
            let said = || {
                (
                    a::owner.eq(&advert.owner),
                    a::description.eq(&advert.description),
                    a::schema.eq(&advert.schema),
                    a::updated_at.eq(advert.updated_at.0),
                )
            };
            let insert = || {
                diesel::insert_into(a::channel_advert)
                    .values((a::channel.eq(&advert.channel), said()))
                    .on_conflict(a::channel)
                    .do_update()
                    .set(said())
            };
            on_conn!(conn, |c| insert().execute(c))?;
            note_change(conn, &advert.channel, advert.updated_at)?;
            Ok(Changed::Done)
        })
    }

    /// Takes back what was said of a channel.
    pub fn remove_advert(&mut self, channel: &str, now: Timestamp) -> Result<Changed> {
        use schema::channel_advert::dsl as a;
        self.write("remove an advert", |conn| {
            hold_head(conn)?;
            let removed = on_conn!(conn, |c| diesel::delete(a::channel_advert.find(channel))
                .execute(c))?;
            if removed == 0 {
                return Ok(Changed::Already);
            }
            note_change(conn, channel, now)?;
            Ok(Changed::Done)
        })
    }
}

impl Reader {
    /// What is said of a channel.
    pub fn advert(&mut self, channel: &str) -> Result<Option<Advert>> {
        use schema::channel_advert::dsl as a;
        self.read("read an advert", |conn| {
            let row: Option<Row> = on_conn!(conn, |c| a::channel_advert.find(channel).first(c).optional())?;
            Ok(row.map(advert))
        })
    }

    /// All adverts, newest first, or those of an owner, by channel: as many as there is room for in one answer.
    pub fn adverts(&mut self, owner: Option<&str>) -> Result<Vec<Advert>> {
        use schema::channel_advert::dsl as a;
        self.read("list adverts", |conn| {
            let mut adverts: Vec<Advert> = Vec::new();
            let (mut left, mut room) = (CHANNEL_ADVERTS_MAX, ADVERTS_LIST_MAX_BYTES);
            // In portions, so that no more is read than is shown.
            while left > 0 {
                let portion = left.min(ADVERTS_AT_A_TIME);
                let offset = CHANNEL_ADVERTS_MAX - left;
                let rows: Vec<Row> = match owner {
                    Some(owner) => {
                        let query = || {
                            let own = a::channel_advert.filter(a::owner.eq(owner));
                            own.order(a::channel).offset(offset).limit(portion)
                        };
                        on_conn!(conn, |c| query().load(c))?
                    }
                    None => {
                        let query = || {
                            let newest = a::channel_advert.order((a::updated_at.desc(), a::channel));
                            newest.offset(offset).limit(portion)
                        };
                        on_conn!(conn, |c| query().load(c))?
                    }
                };
                let is_last = i64::try_from(rows.len()).is_ok_and(|count| count < portion);
                for row in rows.into_iter().map(advert) {
                    let Some(rest) = room.checked_sub(row.size()) else {
                        return Ok(adverts);
                    };
                    room = rest;
                    adverts.push(row);
                }
                if is_last {
                    break;
                }
                left = left.saturating_sub(portion);
            }
            Ok(adverts)
        })
    }

    /// Adverts in which a text stands, in whatever case of its letters: in the channel, the description or the owner; newest first.
    pub fn search_adverts(&mut self, text: &str, limit: i64) -> Result<Search> {
        use schema::channel_advert::dsl as a;
        // Both sides are made small by the database, whatever letters it knows: a text is found as it was written at least.
        let pattern = format!("%{}%", escape(text));
        self.read("search adverts", |conn| {
            let is_hit = || {
                lower(a::channel)
                    .like(lower(&pattern))
                    .escape('\\')
                    .or(lower(a::owner).like(lower(&pattern)).escape('\\'))
                    .or(lower_or_null(a::description)
                        .like(lower_or_null(Some(&pattern)))
                        .escape('\\'))
            };
            let count = || a::channel_advert.filter(is_hit()).count();
            let total: i64 = on_conn!(conn, |c| count().get_result(c))?;
            let query = || {
                a::channel_advert
                    .filter(is_hit())
                    .order((a::updated_at.desc(), a::channel))
                    .limit(limit)
            };
            let rows: Vec<Row> = on_conn!(conn, |c| query().load(c))?;
            Ok(Search {
                found: rows.into_iter().map(advert).collect(),
                total,
            })
        })
    }
}

/// A text as `LIKE` finds it, and nothing else.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        if matches!(letter, '%' | '_' | '\\') {
            escaped.push('\\');
        }
        escaped.push(letter);
    }
    escaped
}
