-- Lays images over each other: of each column the value of the image that comes last. Order the input so that
-- the oldest comes last, and the earliest value wins.
create or replace aggregate audit_schema._overlay(image jsonb) (
  sfunc = pg_catalog.jsonb_concat,
  stype = jsonb,
  initcond = '{}'
);
