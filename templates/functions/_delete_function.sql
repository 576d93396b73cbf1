-- The DELETE trigger function of one table, as SQL: once per statement over its transition table, or once per row.
-- The deleted row is kept whole, whatever the images.
create or replace function audit_schema._delete_function(registered audit_schema.relation)
returns text
language sql
stable
set search_path = pg_catalog, pg_temp
as $function$
  with part as (
    select
      registered.kind = 'statement' as at_once,
      case when registered.kind = 'statement' then 'deleted.' else 'old.' end as prefix,
      case when registered.kind = 'statement' then E'\n    from deleted' else '' end as source
  )
  select audit_schema._trigger_function(registered, 'delete',
    case when registered.capture = 'guarded' then E'  old_key_text text;\n  old_image jsonb;\n' else '' end,
    audit_schema._guard(registered, 'delete')
      || audit_schema._record_statement(registered, 'D',
        'key, old' || case when part.at_once then '' else ', old_tid' end,
        'row_of.key, ' || audit_schema._image_expression(registered,
          audit_schema._names_expression(registered), 'row_of.texts',
          quote_literal(audit_schema._marks(registered.oid, registered.redacted)) || '::jsonb')
          || case when part.at_once then '' else ', ' || audit_schema._old_place() end,
        format('from (
    select %s as key, %s as texts%s
    offset 0
  ) as row_of',
          audit_schema._key_expression(registered.oid, registered.key_columns, part.prefix),
          audit_schema._texts_expression(registered, part.prefix),
          part.source))
      || E'  return null;\n')
  from part
$function$;
