//! The closed lists of words in a world file.

use serde::Deserialize;

/// Declares a closed list of words of the world file.
macro_rules! words {
    ($(#[doc = $doc:literal])+ pub enum $name:ident { $( $(#[$meta:meta])* $variant:ident = $word:literal ),+ $(,)? }) => {
        $(#[doc = $doc])+
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Deserialize)]
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
        #[default]
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
    /// The weather of a region.
    pub enum Weather {
        /// Clear sky.
        #[default]
        Clear = "clear",
        /// Some clouds.
        PartlyCloudy = "partly_cloudy",
        /// Many clouds.
        Cloudy = "cloudy",
        /// No sky to be seen.
        Overcast = "overcast",
        /// Mist near the ground.
        Mist = "mist",
        /// Fog.
        Fog = "fog",
        /// A little rain.
        Drizzle = "drizzle",
        /// Rain.
        Rain = "rain",
        /// Much rain.
        HeavyRain = "heavy_rain",
        /// Thunder and lightning.
        Thunderstorm = "thunderstorm",
        /// Strong wind.
        Windy = "windy",
        /// Snow.
        Snow = "snow",
    }
}
