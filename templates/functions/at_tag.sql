-- The rows of a table as they were at a tag, exact to the commit: select * from audit.at_tag(null::public.users, 'before-import').
-- Of another name than at, because a bare literal for the time would be taken for a tag. Otherwise like at; UA006 where
-- there is no such tag.
create or replace function audit_schema.at_tag(audited anyelement, tag text)
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
declare
  named_at timestamptz;
begin
  select named.at into named_at from audit_schema.tag as named where named.name = at_tag.tag;
  if not found then
    raise exception using
      errcode = 'UA006',
      message = format('there is no tag %L', tag),
      hint = 'See the tags with: select * from audit.tag, or audit tags';
  end if;
  return query execute audit_schema._at_statement(audit_schema._table_of(pg_typeof(audited)), named_at, tag, null);
end
$function$;
comment on function audit_schema.at_tag(anyelement, text) is 'The rows of a table as they were at a tag, exact to the commit: pass the table as a typed null, such as null::public.users.';
