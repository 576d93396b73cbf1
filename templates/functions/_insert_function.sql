-- The INSERT trigger function of one table, as SQL: once per statement over its transition table, or once per row.
create or replace function audit_schema._insert_function(registered audit_schema.relation)
returns text
language sql
stable
set search_path = pg_catalog, pg_temp
as $function$
  with part as (
    select registered.images = 'lean' as lean, registered.kind = 'statement' as at_once
  )
  select audit_schema._trigger_function(registered, 'insert',
    case when registered.capture = 'guarded' then E'  key_text text;\n  new_image jsonb;\n' else '' end,
    concat(
      audit_schema._guard(registered, 'insert'),
      audit_schema._record_statement(registered, 'I',
        concat_ws(', ', 'key', case when not part.lean then 'new' end, case when not part.at_once then 'new_tid' end),
        concat_ws(', ', kept.key, case when not part.lean then kept.image end, case when not part.at_once then 'new.ctid' end),
        kept.source),
      E'  return null;\n'))
  from part
  cross join lateral audit_schema._kept_row(registered,
    case when part.at_once then 'inserted.' else 'new.' end,
    case when part.at_once then 'from inserted' else '' end) as kept
$function$;
