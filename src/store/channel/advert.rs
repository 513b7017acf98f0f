//! Adverts: what owners say of their channels, with the schema of what is published there.

use super::right::Changed;
use super::{hold_head, note_change};
use crate::base::limit::{ADVERTS_LIST_MAX_BYTES, CHANNEL_ADVERTS_MAX};
use crate::base::time::Timestamp;
use crate::store::connection::{Conn, on_conn};
use crate::store::{Reader, Result, Store, schema};
use diesel::sql_types::{Nullable, Text};
use diesel::{
    BoolExpressionMethods, EscapeExpressionMethods, ExpressionMethods, OptionalExtension, QueryDsl,
    QueryResult, RunQueryDsl, TextExpressionMethods,
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
        self.read("list adverts", |conn| {
            let (mut adverts, mut room): (Vec<Advert>, usize) = (Vec::new(), ADVERTS_LIST_MAX_BYTES);
            // In portions, so that no more is read than is shown.
            loop {
                let left =
                    CHANNEL_ADVERTS_MAX.saturating_sub(i64::try_from(adverts.len()).unwrap_or(i64::MAX));
                let portion = left.min(ADVERTS_AT_A_TIME);
                let rows = load_after(conn, owner, adverts.last(), portion)?;
                let is_last = i64::try_from(rows.len()).is_ok_and(|count| count < portion) || portion == 0;
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

/// Adverts after one: of an owner by channel, or of all, newest first.
fn load_after(
    conn: &mut Conn,
    owner: Option<&str>,
    last: Option<&Advert>,
    limit: i64,
) -> QueryResult<Vec<Row>> {
    use schema::channel_advert::dsl as a;
    if let Some(owner) = owner {
        let after = last.map_or("", |last| last.channel.as_str());
        let own = || a::channel_advert.filter(a::owner.eq(owner).and(a::channel.gt(after)));
        return on_conn!(conn, |c| own().order(a::channel).limit(limit).load(c));
    }
    // Later than any, unless told otherwise.
    let (at, after) = last.map_or((i64::MAX, ""), |last| (last.updated_at.0, last.channel.as_str()));
    let older = || {
        a::channel_advert.filter(
            a::updated_at
                .lt(at)
                .or(a::updated_at.eq(at).and(a::channel.gt(after))),
        )
    };
    let query = || older().order((a::updated_at.desc(), a::channel)).limit(limit);
    on_conn!(conn, |c| query().load(c))
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
