//! World files that are read, and broken ones that are refused in words.

use super::*;

fn refusal(text: &str) -> String {
    WorldFile::parse("test.toml", text).expect_err(text).to_string()
}

#[test]
fn built_in_world_has_its_four_regions_with_things_to_do() {
    let world = WorldFile::built_in().unwrap();
    let names: Vec<&str> = world.regions.iter().map(|region| region.name.as_str()).collect();
    assert_eq!(names, ["main", "plaza", "market", "forest"]);
    for region in &world.regions {
        assert_eq!((region.size_m, region.capacity, region.public), (256, 500, true));
        assert_eq!(
            region.spawn_point(),
            Point {
                x: 128.0,
                y: 128.0,
                z: 25.0
            }
        );
        assert!(
            region.places.len() >= 4 && region.paths.len() >= 2,
            "{}",
            region.name
        );
        assert!(
            region
                .objects
                .iter()
                .any(|object| object.kind == ObjectKind::Bench),
            "{}",
            region.name
        );
        assert!(!region.description.is_empty());
    }
    let objects: Vec<&Object> = world.regions.iter().flat_map(|region| &region.objects).collect();
    for kind in ObjectKind::ALL {
        assert!(
            objects.iter().any(|object| object.kind == *kind),
            "{}",
            kind.as_str()
        );
    }
    assert!(
        objects
            .iter()
            .filter(|object| object.kind == ObjectKind::MarketStall)
            .count()
            >= 3
    );
}

#[test]
fn region_needs_only_a_name() {
    let world = WorldFile::parse("test.toml", "[[region]]\nname = \"hall\"\nsize_m = 64\n").unwrap();
    let region = &world.regions[0];
    assert_eq!(
        (region.display_name.as_str(), region.capacity, region.shards),
        ("hall", 500, 1)
    );
    assert_eq!(
        region.spawn_point(),
        Point {
            x: 32.0,
            y: 32.0,
            z: 25.0
        }
    );
    assert_eq!(
        (region.weather, region.public, region.pool.as_deref()),
        (None, true, None)
    );
}

#[test]
fn every_weather_can_be_fixed() {
    assert_eq!(Weather::ALL.len(), 12);
    for weather in Weather::ALL {
        let text = format!("[[region]]\nname = \"a\"\nweather = \"{}\"\n", weather.as_str());
        assert_eq!(
            WorldFile::parse("test.toml", &text).unwrap().regions[0].weather,
            Some(*weather)
        );
    }
}

#[test]
fn broken_worlds_are_refused_in_words() {
    let object = "[[region]]\nname=\"a\"\n[[region.objects]]\nname=\"B\"\nkind=\"bench\"\n";
    let cases = [
        (String::new(), "no region"),
        (
            "[[region]]\nname=\"a\"\n[[region]]\nname=\"a\"\n".into(),
            "region `a`: the name is taken",
        ),
        ("[[region]]\nname=\"A b\"\n".into(), "name"),
        ("[[region]]\nname=\"\"\n".into(), "name"),
        ("[[region]]\n".into(), "missing field `name`"),
        ("[[region]]\nname=\"a\"\nsize=3\n".into(), "unknown field `size`"),
        (
            "[[region]]\nname=\"a\"\nsize_m=15\n".into(),
            "size_m must be 16 to 4096",
        ),
        (
            "[[region]]\nname=\"a\"\nsize_m=4097\n".into(),
            "size_m must be 16 to 4096",
        ),
        ("[[region]]\nname=\"a\"\ncapacity=0\n".into(), "capacity"),
        (
            "[[region]]\nname=\"a\"\nshards=0\n".into(),
            "shards must be 1 to 16",
        ),
        (
            "[[region]]\nname=\"a\"\nshards=17\n".into(),
            "shards must be 1 to 16",
        ),
        (
            "[[region]]\nname=\"a\"\nsize_m=4096\nshards=65\n".into(),
            "shards must be 1 to 64",
        ),
        ("[[region]]\nname=\"a\"\nweather=\"frogs\"\n".into(), "frogs"),
        ("[[region]]\nname=\"a\"\nspawn={x=257,y=1}\n".into(), "spawn"),
        ("[[region]]\nname=\"a\"\nspawn={x=nan,y=1}\n".into(), "spawn"),
        ("[[region]]\nname=\"a\"\nspawn={x=1,y=1,z=-1}\n".into(), "spawn"),
        ("[[region]]\nname=\"a\"\npool=\"A B\"\n".into(), "pool"),
        (
            "[[region]]\nname=\"a\"\npaths=[{points=[[1,1]]}]\n".into(),
            "path",
        ),
        (
            "[[region]]\nname=\"a\"\npaths=[{points=[[1,1],[1,inf]]}]\n".into(),
            "path",
        ),
        (
            "[[region]]\nname=\"a\"\nplaces=[{name=\"P\",x=1,y=1,radius=0,kind=\"square\"}]\n".into(),
            "place `P`",
        ),
        (
            "[[region]]\nname=\"a\"\nplaces=[{name=\"P\",x=-1,y=1,radius=1,kind=\"square\"}]\n".into(),
            "place `P`",
        ),
        (
            "[[region]]\nname=\"a\"\nplaces=[{name=\"P\",x=1,y=1,radius=1,kind=\"?\"}]\n".into(),
            "kind",
        ),
        (format!("{object}id=\"A!\"\nx=1\ny=1\n"), "object"),
        (format!("{object}id=\"b\"\nx=1\ny=300\n"), "object `b`"),
        (
            format!(
                "{object}id=\"b\"\nx=1\ny=3\n[[region.objects]]\nid=\"b\"\nname=\"C\"\nkind=\"bench\"\nx=1\ny=1\n"
            ),
            "object `b`: the id is taken",
        ),
        (
            "[[region]]\nname=\"a\"\nobjects=[{id=\"b\",name=\"B\",kind=\"throne\",x=1,y=1}]\n".into(),
            "throne",
        ),
    ];
    for (text, expected) in cases {
        let refusal = refusal(&text);
        assert!(
            refusal.starts_with("test.toml") && refusal.contains(expected),
            "{text}\n=> {refusal}"
        );
    }
}

#[test]
fn number_of_regions_is_bounded() {
    let text: String = (0..=limit::REGIONS_MAX)
        .map(|n| format!("[[region]]\nname=\"r{n}\"\n"))
        .collect();
    assert!(refusal(&text).contains("more than 256 regions"));
}
