//! The closed lists of words in a world file.

use schemars::JsonSchema;
use serde::Deserialize;

/// Declares a closed list of words of the world file.
macro_rules! words {
    ($(#[doc = $doc:literal])+ pub enum $name:ident { $( $(#[$meta:meta])* $variant:ident = $word:literal ),+ $(,)? }) => {
        $(#[doc = $doc])+
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize, JsonSchema)]
        pub enum $name { $( $(#[$meta])* #[serde(rename = $word)] $variant, )+ }

        impl $name {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The word as it is written in the file.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $( Self::$variant => $word, )+ }
            }
        }
    };
}

words! {
    /// What an object is.
    pub enum ObjectKind {
        /// To sit on.
        Bench = "bench",
        /// To make a wish at.
        Fountain = "fountain",
        /// To post on and read.
        NoticeBoard = "notice_board",
        /// To buy from.
        MarketStall = "market_stall",
    }
}

words! {
    /// The weather of a region; the same twelve words as the world's own weather has.
    pub enum Weather {
        /// Clear sky.
        Clear = "clear",
        /// Clear and warm.
        Sunny = "sunny",
        /// Some clouds.
        PartlyCloudy = "partly_cloudy",
        /// Many clouds.
        Cloudy = "cloudy",
        /// No sky to be seen.
        Overcast = "overcast",
        /// A little rain.
        LightRain = "light_rain",
        /// Rain.
        Rain = "rain",
        /// Thunder and lightning.
        Thunderstorm = "thunderstorm",
        /// Fog.
        Fog = "fog",
        /// Strong wind.
        Windy = "windy",
        /// Rain as fine as dust.
        Drizzle = "drizzle",
        /// Snow.
        Snow = "snow",
    }
}
