-- Where a row version belongs as far as the log is concerned: the place itself, unless updates that left no change (see
-- _note_move) have moved it in this transaction. '<' leads back to where the last recorded change left it, '>' on to
-- where those that were recorded before take it from.
create or replace function audit_schema._moved_along(written oid, place tid, sign text)
returns tid
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $function$
declare
  moves constant text := current_setting('audit.moves', true);
  file constant text := ';' || pg_relation_filenode(written);
  origin text := place;
  found_at integer;
begin
  -- the setting is anyone's to set: what is no place, or leads in a circle, is not followed for ever
  for step in 1 .. 500 loop
    found_at := strpos(moves, file || origin || sign);
    exit when found_at is null or found_at = 0;
    origin := split_part(substr(moves, found_at + length(file || origin || sign)), ';', 1);
    if origin !~ '^[(][0-9]{1,9},[0-9]{1,4}[)]$' then
      return place;
    end if;
  end loop;
  return origin::tid;
end
$function$;
