//! Kinds of objects with what they afford, and kinds of items with what they cost.

/// What an object is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ObjectKind {
    /// To sit on.
    Bench,
    /// To drink from and wish at.
    Fountain,
    /// To read and post on.
    NoticeBoard,
    /// To browse and buy at.
    MarketStall,
}

impl ObjectKind {
    /// All kinds.
    pub const ALL: [ObjectKind; 4] = [
        ObjectKind::Bench,
        ObjectKind::Fountain,
        ObjectKind::NoticeBoard,
        ObjectKind::MarketStall,
    ];

    /// The name on the wire, in the table and in the world file.
    pub fn name(self) -> &'static str {
        match self {
            ObjectKind::Bench => "bench",
            ObjectKind::Fountain => "fountain",
            ObjectKind::NoticeBoard => "notice_board",
            ObjectKind::MarketStall => "market_stall",
        }
    }

    /// The kind with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// What can be done with it.
    pub fn actions(self) -> &'static [&'static str] {
        match self {
            ObjectKind::Bench => &["sit", "stand"],
            ObjectKind::Fountain => &["drink", "make_wish"],
            ObjectKind::NoticeBoard => &["read", "post"],
            ObjectKind::MarketStall => &["browse", "buy"],
        }
    }
}

/// What an item is. Items of one kind stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ItemKind {
    /// Food.
    Apple,
    /// Food.
    Bread,
    /// Decoration.
    Flower,
    /// Reading.
    Book,
    /// Light.
    Lantern,
}

impl ItemKind {
    /// All kinds, in the order in which stalls show them.
    pub const ALL: [ItemKind; 5] = [
        ItemKind::Apple,
        ItemKind::Bread,
        ItemKind::Flower,
        ItemKind::Book,
        ItemKind::Lantern,
    ];

    /// The name on the wire and in the table.
    pub fn name(self) -> &'static str {
        match self {
            ItemKind::Apple => "apple",
            ItemKind::Bread => "bread",
            ItemKind::Flower => "flower",
            ItemKind::Book => "book",
            ItemKind::Lantern => "lantern",
        }
    }

    /// The kind with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// What a stall asks for one. Units: minor.
    pub fn price_minor(self) -> i64 {
        match self {
            ItemKind::Apple => 150,
            ItemKind::Bread => 300,
            ItemKind::Flower => 250,
            ItemKind::Book => 1_200,
            ItemKind::Lantern => 2_000,
        }
    }
}
