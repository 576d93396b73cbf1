-- The rows of a table as they were at an instant: select * from audit.at(null::public.users, '2026-11-01 12:00+00').
-- Rows come with today's columns; a column whose value then cannot be known (excluded, added later, rewritten by
-- ALTER TYPE) is NULL. No transaction is torn. Errors: UA001 not audited, UA003 outside coverage, UA004 the log
-- does not explain the table. Pinned besides what images are written under: array_nulls, or NULL among the elements
-- of an array comes back as text. Runs with the caller's rights: SELECT on the table and membership in audit_reader.
create or replace function audit_schema.at(audited anyelement, instant timestamptz)
returns setof anyelement
language plpgsql
stable
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
set datestyle = 'ISO, YMD'
set intervalstyle = 'postgres'
set bytea_output = 'hex'
set extra_float_digits = 1
set lc_monetary = 'C'
set xmloption = 'content'
set quote_all_identifiers = off
set standard_conforming_strings = on
set array_nulls = on
as $function$
begin
  return query execute audit_schema._at_statement(audit_schema._table_of(pg_typeof(audited)), instant, null, null);
end
$function$;
comment on function audit_schema.at(anyelement, timestamptz) is 'The rows of a table as they were at an instant: pass the table as a typed null, such as null::public.users. What cannot be known of them is NULL.';
