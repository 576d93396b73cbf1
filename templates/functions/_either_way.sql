-- SQL text that runs one of two statements: `bare` where the transaction has claimed no context and no row version was
-- moved without a change, `complete` otherwise. A statement that might call a function of ours pays for looking it up,
-- whether it is called or not: more than this question costs.
create or replace function audit_schema._either_way(bare text, complete text)
returns text
language sql
immutable
set search_path = pg_catalog, pg_temp
as $function$
  select format(E'  if current_setting(''audit.context'', true) <> '''' or current_setting(''audit.moves'', true) <> '''' then\n%s  else\n%s  end if;\n', complete, bare)
$function$;
