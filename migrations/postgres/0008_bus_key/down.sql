DROP TABLE bus_key;
