-- The UPDATE trigger function of one table, as SQL: once per row, for only there do the old and the new row stand side
-- by side. Columns are named in it one by one: comparing them so is far cheaper than any generic comparison of
-- JSON, and only what changed is turned into text. An update that changes nothing recorded leaves no change.
create or replace function audit_schema._update_function(registered audit_schema.relation)
returns text
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $function$
declare
  comparisons text;
  key_differs text;
  full_images constant boolean := registered.images = 'full';
  names constant text := audit_schema._names_expression(registered);
  marks constant jsonb := audit_schema._marks(registered.oid, registered.redacted);
  -- the marks of those redacted columns that changed: more is not told of them
  hidden constant text := case when marks is not null then 'hidden' end;
  -- where a redacted column is all that changed, there is nothing to list
  if_none constant text := case when marks is null then '' else ', ''{}''' end;
  if_null constant text := case when marks is null then '%s' else 'coalesce(%s, ''{}'')' end;
  whole constant text := format('    old_names := %s;
    old_values := %s;
',
    names, audit_schema._texts_expression(registered, 'old.'));
begin
  -- in parentheses: PL/pgSQL would take the THEN of a CASE for the end of the condition
  select string_agg(format(
    case
      when compared.redacted then
$comparison$  if (%1$s) then
    hidden := hidden || '%5$s';
  end if;
$comparison$
      when full_images then
$comparison$  if (%1$s) then
    changed := %6$s;
  end if;
$comparison$
      when registered.images = 'lean' then
$comparison$  if (%1$s) then
    changed := array_append(changed, %2$L);
    old_values := array_append(old_values, %3$s);
  end if;
$comparison$
      else
$comparison$  if (%1$s) then
    changed := array_append(changed, %2$L);
    old_values := array_append(old_values, %3$s);
    new_values := array_append(new_values, %4$s);
  end if;
$comparison$
    end,
    audit_schema._differs_expression(compared.type, compared.typcollation, 'old.' || quote_ident(compared.name), 'new.' || quote_ident(compared.name)),
    compared.name,
    audit_schema._value_expression(compared.type, 'old.' || quote_ident(compared.name)),
    audit_schema._value_expression(compared.type, 'new.' || quote_ident(compared.name)),
    replace(audit_schema._marks(registered.oid, array[compared.attnum])::text, '''', ''''''),
    names
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

  select string_agg('(' || audit_schema._differs_expression(
    key_column.atttypid, key_column.attcollation, 'old.' || quote_ident(key_column.attname), 'new.' || quote_ident(key_column.attname)
  ) || ')', ' or ')
  into key_differs
  from pg_attribute as key_column
  where key_column.attrelid = registered.oid and key_column.attnum = any (registered.key_columns) and not key_column.attisdropped;

  return audit_schema._trigger_function(registered, 'update',
    E'  changed text[];\n  old_names text[];\n  old_values text[];\n  new_values text[];\n  old_key_text text;\n'
      || case
        when marks is not null
          or registered.capture = 'guarded' and (registered.redact_columns <> '{}' or registered.redact_globs <> '{}')
        then E'  hidden jsonb := ''{}'';\n'
        else ''
      end
      || case when registered.capture = 'guarded' then E'  key_text text;\n  old_image jsonb;\n  new_image jsonb;\n' else '' end,
    audit_schema._guard(registered, 'update')
      || coalesce(comparisons, '')
      || format(
$noted$  if changed is null%s then
    perform %I._note_move(tg_relid, old.ctid, new.ctid, old.xmin);
    return null;
  end if;
$noted$, case when marks is not null then ' and hidden = ''{}''' else '' end, 'audit_schema')
      || case when full_images then
        -- also where a redacted column is all that changed
        whole || format(E'  changed := %s;\n  new_values := %s;\n', names, audit_schema._texts_expression(registered, 'new.'))
        else '' end
      || case when key_differs is null then '' else format(E'  if %s then\n    old_key_text := %s;\n%s  end if;\n',
        key_differs,
        audit_schema._key_expression(registered.oid, registered.key_columns, 'old.'),
        case when full_images then '' else whole end) end
      || audit_schema._record_statement(registered, 'U',
        'key, old_key, old' || case when registered.images = 'lean' then '' else ', new' end || ', old_tid, new_tid',
        concat_ws(', ',
          audit_schema._key_expression(registered.oid, registered.key_columns, 'new.'),
          'old_key_text',
          audit_schema._image_expression(registered, 'coalesce(old_names, changed' || if_none || ')', format(if_null, 'old_values'), hidden),
          case when registered.images <> 'lean' then
            audit_schema._image_expression(registered, format(if_null, 'changed'), format(if_null, 'new_values'), hidden)
          end,
          audit_schema._old_place(),
          'new.ctid'),
        '')
      || E'  return null;\n');
end
$function$;
