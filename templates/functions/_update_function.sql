-- The UPDATE trigger function of one table, as SQL: once per row, for only there do the old and the new row stand side
-- by side. Columns are named in it one by one: comparing them so is far cheaper than any generic comparison of
-- JSON, and only what changed is turned into text. An update that changes nothing recorded leaves no change; one that
-- changes the key keeps the whole former row.
create or replace function audit_schema._update_function(registered audit_schema.relation)
returns text
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $function$
declare
  names constant text := audit_schema._names_expression(registered);
  old_texts constant text := audit_schema._texts_expression(registered, 'old.');
  -- of redacted columns is told which of them changed, and no more
  hides constant boolean := registered.redacted <> '{}';
  -- where a redacted column is all that changed, there is nothing to list
  list constant text := case when hides then 'coalesce(%s, ''{}'')' else '%s' end;
  columns constant text := 'key, old_key, old' || case when registered.images = 'lean' then '' else ', new' end || ', new_tid, old_tid';
  comparisons text;
  expressions text;
begin
  -- in parentheses: PL/pgSQL would take the THEN of a CASE for the end of the condition
  select string_agg(format(E'  if (%s) then\n%s  end if;\n',
    audit_schema._differs_expression(compared.type, compared.typcollation, 'old.' || quote_ident(compared.name), 'new.' || quote_ident(compared.name)),
    concat(
      case
        when compared.redacted then format(E'    hidden := hidden || %L;\n', audit_schema._marks(registered.oid, array[compared.attnum]))
        when registered.images = 'full' then format(E'    changed := %s;\n', names)
        else format(E'    changed := array_append(changed, %L);\n    old_values := array_append(old_values, %s);\n',
          compared.name, audit_schema._value_expression(compared.type, 'old.' || quote_ident(compared.name)))
      end,
      case when registered.images = 'changes' and not compared.redacted then
        format(E'    new_values := array_append(new_values, %s);\n', audit_schema._value_expression(compared.type, 'new.' || quote_ident(compared.name)))
      end,
      case when compared.attnum = any (registered.key_columns) then
        format(E'    old_key_text := %s;\n    old_names := %s;\n    old_whole := %s;\n',
          audit_schema._key_expression(registered.oid, registered.key_columns, 'old.'), names, old_texts)
      end)
  ), '' order by compared.attnum)
  into comparisons
  from (
    select recorded.attnum, recorded.name, recorded.type, recorded.typcollation, false as redacted
    from audit_schema._recorded_columns(registered) as recorded
    union all
    select attribute.attnum, attribute.attname::text, attribute.atttypid, attribute.attcollation, true
    from pg_attribute as attribute
    where attribute.attrelid = registered.oid and attribute.attnum = any (registered.redacted)
  ) as compared;

  expressions := concat_ws(', ',
    audit_schema._key_expression(registered.oid, registered.key_columns, 'new.'),
    'old_key_text',
    audit_schema._image_expression(registered,
      format(list, 'coalesce(old_names, changed)'), format(list, 'coalesce(old_whole, old_values)'), case when hides then 'hidden' end),
    case when registered.images <> 'lean' then
      audit_schema._image_expression(registered, format(list, 'changed'), format(list, 'new_values'), case when hides then 'hidden' end)
    end);

  return audit_schema._trigger_function(registered, 'update',
    concat(
      E'  changed text[];\n  old_names text[];\n  old_values text[];\n  old_whole text[];\n  new_values text[];\n  old_key_text text;\n',
      case when hides or registered.capture = 'guarded' and (registered.redact_columns <> '{}' or registered.redact_globs <> '{}')
        then E'  hidden jsonb := ''{}'';\n' end,
      case when registered.capture = 'guarded' then E'  key_text text;\n  old_image jsonb;\n  new_image jsonb;\n' end),
    concat(
      audit_schema._guard(registered, 'update'),
      comparisons,
      format(E'  if changed is null%s then\n    perform %I._note_move(tg_relid, old.ctid, new.ctid, old.xmin, new.xmax);\n    return null;\n  end if;\n',
        case when hides then ' and hidden = ''{}''' end, 'audit_schema'),
      case when registered.images = 'full' then
        format(E'  changed := %s;\n  old_values := %s;\n  new_values := %s;\n', names, old_texts, audit_schema._texts_expression(registered, 'new.'))
      end,
      audit_schema._either_way(
        audit_schema._record_statement(registered, 'U', columns, concat_ws(', ', expressions, audit_schema._new_place(true), audit_schema._old_place(true)), '', true),
        audit_schema._record_statement(registered, 'U', columns, concat_ws(', ', expressions, audit_schema._new_place(false), audit_schema._old_place(false)), '')),
      E'  return null;\n'));
end
$function$;
