//! Reads who sells what.

use std::sync::LazyLock;

/// What somebody sells, and at which stall.
#[derive(Debug)]
pub struct Shop {
    /// The stall's id; none for who sells out of a basket.
    pub stall: Option<&'static str>,
    /// The keeper's slug.
    pub keeper: &'static str,
    /// Whether it feeds people.
    pub is_food: bool,
    /// What there is.
    pub wares: Vec<Ware>,
}

/// Something to buy.
#[derive(Debug)]
pub struct Ware {
    /// With its article: `a loaf of bread`.
    pub name: &'static str,
    /// Units: minor.
    pub price_minor: i64,
}

static SHOPS: LazyLock<Vec<Shop>> = LazyLock::new(|| {
    super::lines(include_str!("text/shops.txt"))
        .filter_map(read)
        .collect()
});

/// All shops.
pub fn shops() -> &'static [Shop] {
    &SHOPS
}

/// What somebody sells, by slug.
pub fn kept_by(slug: &str) -> Option<&'static Shop> {
    SHOPS.iter().find(|shop| shop.keeper == slug)
}

/// The shop at a stall.
pub fn at_stall(id: &str) -> Option<&'static Shop> {
    SHOPS.iter().find(|shop| shop.stall == Some(id))
}

impl Ware {
    /// The words that name it, without articles and measures.
    pub fn words(&self) -> impl Iterator<Item = &'static str> {
        const MEASURES: [&str; 12] = [
            "a", "an", "of", "cup", "mug", "pot", "bag", "paper", "bowl", "plate", "slice", "bunch",
        ];
        let is_named = |word: &&str| !MEASURES.contains(word);
        self.name.split(' ').filter(is_named)
    }
}

fn read(line: &'static str) -> Option<Shop> {
    let mut parts = line.split("; ");
    let (stall, keeper, kind) = (parts.next()?, parts.next()?, parts.next()?);
    let ware = |part: &'static str| {
        let (name, price) = part.rsplit_once(' ')?;
        let price_minor = price.replace('.', "").parse().ok()?;
        Some(Ware { name, price_minor })
    };
    Some(Shop {
        stall: Some(stall).filter(|stall| *stall != "-"),
        keeper,
        is_food: kind == "food",
        wares: parts.filter_map(ware).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::brain::lore::people;

    #[test]
    fn every_shop_has_a_keeper_who_lives_here_and_wares_with_prices() {
        assert_eq!(shops().len(), 11);
        for shop in shops() {
            assert!(people::named(shop.keeper).is_some(), "{}", shop.keeper);
            assert!(shop.wares.len() >= 2, "{}", shop.keeper);
            assert!(
                shop.wares
                    .iter()
                    .all(|ware| (50..=1_000).contains(&ware.price_minor))
            );
            assert!(shop.wares.iter().all(|ware| ware.words().next().is_some()));
        }
        let bread = &at_stall("green_bakery").unwrap().wares[0];
        assert_eq!((bread.name, bread.price_minor), ("a loaf of bread", 300));
        assert_eq!(bread.words().collect::<Vec<_>>(), ["loaf", "bread"]);
        assert_eq!(kept_by("yara").unwrap().stall, None);
    }
}
