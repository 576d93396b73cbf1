-- SQL text of the place of a row version, followed along moves that left no change (see _moved_along) unless `bare`.
create or replace function audit_schema._settled_place(place text, sign text, bare boolean)
returns text
language sql
immutable
set search_path = pg_catalog, pg_temp
as $function$
  select case
    when bare then place
    else format('case when current_setting(''audit.moves'', true) <> '''' then %I._moved_along(tg_relid, %s, %L) else %2$s end',
      'audit_schema', place, sign)
  end
$function$;
