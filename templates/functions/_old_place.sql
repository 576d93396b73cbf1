-- SQL text of where the row version that a change replaced was left by the last recorded change of it. `bare` where it is
-- known that nothing moved it meanwhile.
create or replace function audit_schema._old_place(bare boolean)
returns text
language sql
immutable
set search_path = pg_catalog, pg_temp
as $function$
  select case
    when bare then 'old.ctid'
    else format('case when current_setting(''audit.moves'', true) <> '''' then %I._moved_from(tg_relid, old.ctid) else old.ctid end', 'audit_schema')
  end
$function$;
