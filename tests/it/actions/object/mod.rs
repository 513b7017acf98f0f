mod give_item;
mod inventory;
mod use_object;
