//! How people say things: places, money, the weather, directions.

use crate::brain::Sky;
use crate::domain::object::ItemKind;
use crate::domain::space::Vec3;

/// The name of a place without its article.
pub fn bare(name: &str) -> &str {
    name.strip_prefix("The ").unwrap_or(name)
}

/// The name of a place within a sentence: `the Duck Pond`, `Fern Hollow`, `the Green`.
pub fn with_article(name: &str) -> String {
    if let Some(bare) = name.strip_prefix("The ") {
        return format!("the {bare}");
    }
    let is_proper = name.contains('\'') || name.split_whitespace().count() < 2;
    let ends_properly = ["Row", "Hollow", "Cross", "Meridian", "Forest", "Green", "Market"]
        .iter()
        .any(|end| name.ends_with(end));
    if is_proper || ends_properly {
        name.to_owned()
    } else {
        format!("the {name}")
    }
}

/// Money: `1.50`.
pub fn money(minor: i64) -> String {
    format!("{}.{:02}", minor / 100, minor % 100)
}

/// One of an item: `an apple`.
pub fn one(item: ItemKind) -> &'static str {
    match item {
        ItemKind::Apple => "an apple",
        ItemKind::Bread => "a loaf of bread",
        ItemKind::Flower => "a flower",
        ItemKind::Book => "a book",
        ItemKind::Lantern => "a lantern",
    }
}

/// The part of the day.
pub fn part_of_day(sky: &Sky) -> &'static str {
    match sky.day_part.as_str() {
        "dawn" | "morning" => "morning",
        "noon" | "afternoon" => "afternoon",
        "dusk" | "evening" => "evening",
        "night" => "night",
        _ => "day",
    }
}

/// What one wishes each other at this time: nobody greets with a good night.
pub fn wish(sky: &Sky) -> &'static str {
    match part_of_day(sky) {
        "night" => "evening",
        part => part,
    }
}

/// The weather as a thing.
pub fn sky(sky: &Sky) -> String {
    match sky.weather.as_str() {
        "clear" | "" => "clear sky".to_owned(),
        "sunny" if !(6..20).contains(&sky.hour) => "mild air".to_owned(),
        "sunny" => "sunshine".to_owned(),
        "partly_cloudy" => "thin cloud".to_owned(),
        "cloudy" => "heavy cloud".to_owned(),
        "overcast" => "grey sky".to_owned(),
        "windy" => "wind".to_owned(),
        other => other.replace('_', " "),
    }
}

/// The direction from one point to another.
pub fn direction(from: Vec3, to: Vec3) -> &'static str {
    const EIGHTHS: [&str; 8] = [
        "east",
        "north-east",
        "north",
        "north-west",
        "west",
        "south-west",
        "south",
        "south-east",
    ];
    let eighths = (from.heading_to(to) / std::f64::consts::FRAC_PI_4).round();
    let index = (0..8_u32).find(|index| (f64::from(*index) - eighths).rem_euclid(8.0) < 0.5);
    index
        .and_then(|index| usize::try_from(index).ok())
        .and_then(|index| EIGHTHS.get(index))
        .copied()
        .unwrap_or("east")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_get_the_article_that_people_use() {
        let names = [
            "The Green",
            "Duck Pond",
            "Fern Hollow",
            "Cook's Yard",
            "Clocktower",
            "Rookery Green",
        ];
        let spoken = names.map(with_article);
        let wanted = [
            "the Green",
            "the Duck Pond",
            "Fern Hollow",
            "Cook's Yard",
            "Clocktower",
            "Rookery Green",
        ];
        assert_eq!(spoken, wanted);
        assert_eq!((bare("The Green"), bare("Theatre")), ("Green", "Theatre"));
    }

    #[test]
    fn directions_and_money_are_as_on_signs() {
        let at = |x, y| Vec3::new(x, y, 0.0);
        assert_eq!(direction(at(0.0, 0.0), at(9.0, 1.0)), "east");
        assert_eq!(direction(at(0.0, 0.0), at(-5.0, 5.0)), "north-west");
        assert_eq!(
            (money(150), money(2_005)),
            ("1.50".to_owned(), "20.05".to_owned())
        );
    }
}
