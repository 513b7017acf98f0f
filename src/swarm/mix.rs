//! What agents do, and how often: `move_to=30,say=10,perception=60`.

use std::str::FromStr;

/// Something that an agent does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Deed {
    /// Walks to a point within its group.
    MoveTo,
    /// Says a sentence.
    Say,
    /// Waves.
    Emote,
    /// Pays one minor unit to its neighbour.
    Pay,
    /// Any of the four below.
    Perception,
    /// `get_location`.
    GetLocation,
    /// `get_nearby_agents`.
    GetNearbyAgents,
    /// `get_nearby_objects`.
    GetNearbyObjects,
    /// `get_region_info`.
    GetRegionInfo,
    /// `ping`.
    Ping,
}

impl Deed {
    const ALL: [Self; 10] = [
        Self::MoveTo,
        Self::Say,
        Self::Emote,
        Self::Pay,
        Self::Perception,
        Self::GetLocation,
        Self::GetNearbyAgents,
        Self::GetNearbyObjects,
        Self::GetRegionInfo,
        Self::Ping,
    ];
    const PERCEPTIONS: [Self; 4] = [
        Self::GetLocation,
        Self::GetNearbyAgents,
        Self::GetNearbyObjects,
        Self::GetRegionInfo,
    ];

    /// The action's name on the wire; `perception` stands for several.
    pub fn name(self) -> &'static str {
        match self {
            Self::MoveTo => "move_to",
            Self::Say => "say",
            Self::Emote => "emote",
            Self::Pay => "pay",
            Self::Perception => "perception",
            Self::GetLocation => "get_location",
            Self::GetNearbyAgents => "get_nearby_agents",
            Self::GetNearbyObjects => "get_nearby_objects",
            Self::GetRegionInfo => "get_region_info",
            Self::Ping => "ping",
        }
    }

    /// One action for it, chosen by a random number.
    pub fn settle(self, random: u64) -> Self {
        let count = u64::try_from(Self::PERCEPTIONS.len()).unwrap_or(1);
        match self {
            Self::Perception => {
                let index = usize::try_from(random % count).unwrap_or(0);
                Self::PERCEPTIONS.get(index).copied().unwrap_or(Self::GetLocation)
            }
            other => other,
        }
    }
}

/// Deeds with their weights.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mix {
    parts: Vec<(Deed, u32)>,
    total: u64,
}

impl Mix {
    /// Draws a deed by a random number.
    pub fn draw(&self, random: u64) -> Deed {
        let mut left = random % self.total.max(1);
        for (deed, weight) in &self.parts {
            let weight = u64::from(*weight);
            if left < weight {
                // The quotient is as random as the remainder, and independent of it.
                return deed.settle(random / self.total.max(1));
            }
            left -= weight;
        }
        Deed::Ping
    }

    /// The share of a deed, 0 to 1.
    pub fn share(&self, deed: Deed) -> f64 {
        let weights = self.parts.iter().filter(|(part, _)| *part == deed);
        let weight: f64 = weights.map(|(_, weight)| f64::from(*weight)).sum();
        let total: f64 = self.parts.iter().map(|(_, weight)| f64::from(*weight)).sum();
        weight / total
    }
}

impl std::fmt::Display for Mix {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut separator = "";
        for (deed, weight) in &self.parts {
            write!(formatter, "{separator}{}={weight}", deed.name())?;
            separator = ",";
        }
        Ok(())
    }
}

impl FromStr for Mix {
    type Err = String;

    /// Reads `action=weight,action=weight`. A weight of 1 may be left out.
    /// Errors: an unknown action, one named twice, a weight that is no whole number from 1 on.
    fn from_str(text: &str) -> Result<Self, String> {
        let mut parts: Vec<(Deed, u32)> = Vec::new();
        for part in text.split(',').map(str::trim) {
            let (name, weight) = part.split_once('=').unwrap_or((part, "1"));
            let deed = Deed::ALL.into_iter().find(|deed| deed.name() == name.trim());
            let deed = deed.ok_or_else(|| {
                let known: Vec<&str> = Deed::ALL.into_iter().map(Deed::name).collect();
                format!("`{name}` is none of {}", known.join(", "))
            })?;
            let weight = weight.trim().parse::<u32>().ok().filter(|weight| *weight > 0);
            let weight = weight.ok_or_else(|| format!("the weight of {name} is a whole number from 1 on"))?;
            if parts.iter().any(|(other, _)| *other == deed) {
                return Err(format!("{name} is named twice"));
            }
            parts.push((deed, weight));
        }
        let total = parts.iter().map(|(_, weight)| u64::from(*weight)).sum();
        Ok(Self { parts, total })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deeds_are_drawn_by_their_weights() {
        let mix: Mix = "move_to=30, say=10,perception=60".parse().unwrap();
        let drawn: Vec<Deed> = (0..400).map(|random| mix.draw(random)).collect();
        let count = |deed: Deed| drawn.iter().filter(|other| **other == deed).count();
        assert_eq!((count(Deed::MoveTo), count(Deed::Say)), (120, 40));
        assert!(Deed::PERCEPTIONS.into_iter().all(|deed| count(deed) == 60));
        assert!((mix.share(Deed::MoveTo) - 0.3).abs() < 1e-9 && mix.share(Deed::Pay) == 0.0);
        assert_eq!(mix.to_string(), "move_to=30,say=10,perception=60");
    }

    #[test]
    fn a_lone_name_is_a_mix_of_one() {
        let mix: Mix = "move_to".parse().unwrap();
        assert!((0..50).all(|random| mix.draw(random) == Deed::MoveTo));
    }

    #[test]
    fn nonsense_is_refused() {
        for text in [
            "",
            "fly=1",
            "say",
            "say=0,ping",
            "say=-1",
            "say=x",
            "say=1,say=2",
            "say=1,",
        ] {
            assert_eq!(text.parse::<Mix>().is_ok(), text == "say", "{text}");
        }
    }
}
