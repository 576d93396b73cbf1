-- The INSERT trigger function of one table, as SQL: once per statement over its transition table, or once per row.
create or replace function audit_schema._insert_function(registered audit_schema.relation)
returns text
language sql
stable
set search_path = pg_catalog, pg_temp
as $function$
  with part as (
    select
      registered.kind = 'statement' as at_once,
      concat_ws(', ', 'key', case when registered.images <> 'lean' then 'new' end) as columns,
      concat_ws(', ', kept.key, case when registered.images <> 'lean' then kept.image end) as expressions,
      kept.source
    from audit_schema._kept_row(registered,
      case when registered.kind = 'statement' then 'inserted.' else 'new.' end,
      case when registered.kind = 'statement' then 'from inserted' else '' end) as kept
  )
  select audit_schema._trigger_function(registered, 'insert',
    case when registered.capture = 'guarded' then E'  key_text text;\n  new_image jsonb;\n' else '' end,
    concat(
      audit_schema._guard(registered, 'insert'),
      case
        when part.at_once then audit_schema._record_statement(registered, 'I', part.columns, part.expressions, part.source)
        else audit_schema._either_way(
          audit_schema._record_statement(registered, 'I', part.columns || ', new_tid',
            concat_ws(', ', part.expressions, audit_schema._new_place(true)), part.source, true),
          audit_schema._record_statement(registered, 'I', part.columns || ', new_tid',
            concat_ws(', ', part.expressions, audit_schema._new_place(false)), part.source))
      end,
      E'  return null;\n'))
  from part
$function$;
