mod balance;
mod pay;
mod statement;
