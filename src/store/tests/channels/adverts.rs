//! What is said of channels.

use super::*;
use crate::base::limit::{ADVERTS_LIST_MAX_BYTES, CHANNEL_ADVERTS_MAX};

#[test]
fn adverts_are_found_by_any_part_in_any_case_and_by_nothing_else() {
    on_both(|target| {
        let Stage { mut store, now, .. } = Stage::new(target, &[]);
        let said = [
            ("agent.alice.weather", "100% sure", 1),
            ("agent.bob.back_up", "C:\\temp ÄPFEL", 2),
            ("app.Bot.backXup", "1000 things", 3),
        ];
        for (channel, description, at) in said {
            store
                .advertise(&advert(channel, description, now.plus_ms(at)))
                .unwrap();
        }
        store
            .advertise(&Advert {
                description: None,
                ..advert("agent.carol.silent", "", now)
            })
            .unwrap();
        let reader = &mut Reader::open(target).unwrap();
        let mut found = |text: &str| -> Vec<String> {
            let found = reader.search_adverts(text, 10).unwrap();
            assert_eq!(found.total, i64::try_from(found.found.len()).unwrap());
            let topic = |advert: Advert| advert.channel.rsplit('.').next().unwrap().to_owned();
            found.found.into_iter().map(topic).collect()
        };
        assert_eq!(found("WEATHER"), ["weather"]);
        assert_eq!(found("Sure"), ["weather"]);
        assert_eq!(found("App:bot"), ["backXup"]);
        assert_eq!(found("100"), ["backXup", "weather"], "the newest first");
        assert_eq!(found("100%"), ["weather"]);
        assert_eq!(found("k_up"), ["back_up"]);
        assert_eq!(found(":\\T"), ["back_up"]);
        assert_eq!(found("ÄPFEL"), ["back_up"], "as it was written");
        assert_eq!(found("%%"), [""; 0]);
        let few = reader.search_adverts("a", 2).unwrap();
        assert_eq!((few.total, few.found.len()), (4, 2));
        assert_eq!(few.found[0].channel, "app.Bot.backXup");
    });
}

#[test]
fn an_advert_is_replaced_and_its_schema_is_part_of_the_rule() {
    on_both(|target| {
        let Stage { mut store, now, .. } = Stage::new(target, &[]);
        let reader = &mut Reader::open(target).unwrap();
        let first = advert("agent.alice.a", "first", now);
        let second = Advert {
            schema: Some("{}".to_owned()),
            ..advert("agent.alice.a", "second", now.plus_ms(1))
        };
        store.advertise(&first).unwrap();
        assert_eq!(rule_of(reader, "agent.alice.a").schema, None);
        store.advertise(&second).unwrap();
        assert_eq!(reader.advert("agent.alice.a").unwrap(), Some(second.clone()));
        assert_eq!(rule_of(reader, "agent.alice.a").schema.as_deref(), Some("{}"));
        let older = advert("agent.alice.b", "older", now);
        store.advertise(&older).unwrap();
        assert_eq!(reader.adverts(None).unwrap(), [second.clone(), older.clone()]);
        assert_eq!(reader.adverts(Some("alice")).unwrap(), [second, older]);
        assert_eq!(reader.adverts(Some("bob")).unwrap(), []);
        assert_eq!(store.remove_advert("agent.alice.a", now).unwrap(), Changed::Done);
        assert_eq!(
            store.remove_advert("agent.alice.a", now).unwrap(),
            Changed::Already
        );
        assert_eq!(reader.advert("agent.alice.a").unwrap(), None);
        assert_eq!(rule_of(reader, "agent.alice.a"), StoredRule::default());
    });
}

#[test]
fn a_list_of_adverts_is_as_long_as_there_is_room() {
    on_both(|target| {
        let Stage { mut store, now, .. } = Stage::new(target, &[]);
        let reader = &mut Reader::open(target).unwrap();
        let fill = |count: i64| {
            let rows = format!(
                "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count})
                 INSERT INTO channel_advert (channel, owner, description, updated_at)
                 SELECT 'agent.user-' || i || '.a', 'user-' || i, 'd', i FROM n"
            );
            tamper(target, "DELETE FROM channel_advert");
            tamper(target, &rows);
        };
        for (count, shown) in [
            (100, 100),
            (101, 101),
            (CHANNEL_ADVERTS_MAX + 1, CHANNEL_ADVERTS_MAX),
        ] {
            fill(count);
            let listed = reader.adverts(None).unwrap();
            assert_eq!(i64::try_from(listed.len()).unwrap(), shown);
            assert!(listed.is_sorted_by_key(|advert| -advert.updated_at.0));
        }
        tamper(target, "DELETE FROM channel_advert");
        let half = "x".repeat(ADVERTS_LIST_MAX_BYTES / 2);
        for (topic, description) in [("a", "last"), ("b", &half), ("c", &half)] {
            let said = advert(&format!("agent.alice.{topic}"), description, now);
            store.advertise(&said).unwrap();
        }
        let owned = reader.adverts(Some("alice")).unwrap();
        let names: Vec<&str> = owned.iter().map(|advert| advert.channel.as_str()).collect();
        assert_eq!(names, ["agent.alice.a", "agent.alice.b"]);
    });
}
