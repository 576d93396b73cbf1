-- The INSERT trigger function of one table, as SQL: once per statement over its transition table, or once per row.
-- The row's texts are made once, in a subquery that is not to be flattened, for their size is looked at before the
-- image is made of them.
create or replace function audit_schema._insert_function(registered audit_schema.relation)
returns text
language sql
stable
set search_path = pg_catalog, pg_temp
as $function$
  with part as (
    select
      registered.images = 'lean' as lean,
      registered.kind = 'statement' as at_once,
      case when registered.kind = 'statement' then 'inserted.' else 'new.' end as prefix,
      case when registered.kind = 'statement' then E'\n    from inserted' else '' end as source
  )
  select audit_schema._trigger_function(registered, 'insert',
    case when registered.capture = 'guarded' then E'  key_text text;\n  new_image jsonb;\n' else '' end,
    audit_schema._guard(registered, 'insert')
      || audit_schema._record_statement(registered, 'I',
        'key' || case when part.lean then '' else ', new' end || case when part.at_once then '' else ', new_tid' end,
        case when part.lean then audit_schema._key_expression(registered.oid, registered.key_columns, part.prefix)
          else 'row_of.key, ' || audit_schema._image_expression(registered,
            audit_schema._names_expression(registered), 'row_of.texts',
            quote_literal(audit_schema._marks(registered.oid, registered.redacted)) || '::jsonb')
        end || case when part.at_once then '' else ', new.ctid' end,
        case
          when not part.lean then format('from (
    select %s as key, %s as texts%s
    offset 0
  ) as row_of',
            audit_schema._key_expression(registered.oid, registered.key_columns, part.prefix),
            audit_schema._texts_expression(registered, part.prefix),
            part.source)
          when part.at_once then 'from inserted'
          else ''
        end)
      || E'  return null;\n')
  from part
$function$;
