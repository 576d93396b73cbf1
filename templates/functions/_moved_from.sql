-- Where the row version at a place came from, as far as the log is concerned: the place itself, unless updates that
-- left no change (see _note_move) brought it there in this transaction.
create or replace function audit_schema._moved_from(written oid, place tid)
returns tid
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $function$
declare
  moves constant text := current_setting('audit.moves', true);
  sought constant text := format(';%s%s<', written, place);
  found_at constant integer := strpos(moves, sought);
  origin text;
begin
  if found_at > 0 then
    origin := split_part(substr(moves, found_at + length(sought)), ';', 1);
    -- the setting is anyone's to set
    if origin ~ '^\(\d{1,9},\d{1,4}\)$' then
      return origin::tid;
    end if;
  end if;
  return place;
end
$function$;
