-- What nodes seal with what they tell one another. One row.
CREATE TABLE bus_key (
  id integer NOT NULL PRIMARY KEY CHECK (id = 1),
  secret text NOT NULL
);
