-- The DELETE trigger function of one table, as SQL: once per statement over its transition table, or once per row. The
-- deleted row is kept whole, whatever the images.
create or replace function audit_schema._delete_function(registered audit_schema.relation)
returns text
language sql
stable
set search_path = pg_catalog, pg_temp
as $function$
  with part as (
    select registered.kind = 'statement' as at_once
  )
  select audit_schema._trigger_function(registered, 'delete',
    case when registered.capture = 'guarded' then E'  old_key_text text;\n  old_image jsonb;\n' else '' end,
    concat(
      audit_schema._guard(registered, 'delete'),
      case
        when part.at_once then
          audit_schema._record_statement(registered, 'D', 'key, old', kept.key || ', ' || kept.image, kept.source)
        else audit_schema._either_way(
          audit_schema._record_statement(registered, 'D', 'key, old, old_tid',
            concat_ws(', ', kept.key, kept.image, audit_schema._old_place(true)), kept.source, true),
          audit_schema._record_statement(registered, 'D', 'key, old, old_tid',
            concat_ws(', ', kept.key, kept.image, audit_schema._old_place(false)), kept.source))
      end,
      E'  return null;\n'))
  from part
  cross join lateral audit_schema._kept_row(registered,
    case when part.at_once then 'deleted.' else 'old.' end,
    case when part.at_once then 'from deleted' else '' end) as kept
$function$;
