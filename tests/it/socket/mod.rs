//! The sockets: Centrifuge in both encodings, and ClawBots.
