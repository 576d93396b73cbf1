-- The row trigger function of one table, as SQL. Columns are named in it one by one: comparing them so is far
-- cheaper than any generic comparison of JSON. DDL would break such code, so either event triggers generate it
-- anew inside the DDL's own transaction, or it is guarded: it looks at each row whether the table still has the
-- columns it was made for, and finds them by the catalog where not.
create or replace function audit_schema._row_function(
  relation integer, audited oid, key_columns smallint[], excluded smallint[], globs text[], retention integer, guarded boolean)
returns text
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $function$
declare
  left_out smallint[] := audit_schema._excluded_columns(audited, excluded, globs);
  comparisons text;
  generated text;
  body text;
begin
  -- in parentheses: PL/pgSQL would take the THEN of a CASE for the end of the condition
  select coalesce(string_agg(format(
$comparison$    if (%1$s) then
      changed := array_append(changed, %2$L);
      old_values := array_append(old_values, %3$s);
      new_values := array_append(new_values, %4$s);
    end if;
$comparison$,
    audit_schema._differs_expression(recorded.atttypid, recorded.attcollation, 'old.' || quote_ident(recorded.attname), 'new.' || quote_ident(recorded.attname)),
    recorded.attname,
    audit_schema._value_expression(recorded.atttypid, 'old.' || quote_ident(recorded.attname)),
    audit_schema._value_expression(recorded.atttypid, 'new.' || quote_ident(recorded.attname))
  ), '' order by recorded.attnum), '')
  into comparisons
  from pg_attribute as recorded
  where recorded.attrelid = audited
    and recorded.attnum > 0
    and not recorded.attisdropped
    and recorded.attnum <> all (left_out);

  generated := format(
$generated$  if tg_op = 'INSERT' then
    key_text := %1$s;
    new_image := %2$s;
    new_place := new.ctid;
  elsif tg_op = 'DELETE' then
    key_text := %3$s;
    old_image := %4$s;
    old_place := old.ctid;
  else
%5$s    if changed = '{}' then
      perform %6$I._note_move(tg_relid, old.ctid, new.ctid, old.xmin);
      return null;
    end if;
    new_image := jsonb_object(changed, new_values);
    key_text := %1$s;
    old_key_text := %3$s;
    if old_key_text = key_text then
      old_key_text := null;
      old_image := jsonb_object(changed, old_values);
    else
      old_image := %4$s;
    end if;
    old_place := old.ctid;
    new_place := new.ctid;
  end if;
$generated$,
    audit_schema._key_expression(audited, key_columns, 'new.'),
    audit_schema._image_expression(audited, left_out, 'new.'),
    audit_schema._key_expression(audited, key_columns, 'old.'),
    audit_schema._image_expression(audited, left_out, 'old.'),
    comparisons,
    'audit_schema');

  body := generated;
  if guarded then
    body := format(
$guarded$  if %1$I._fingerprint(tg_relid) <> %2$L then
    describe := %1$I._describe_expression(tg_relid, %7$s, %3$L, %4$L, %5$L);
    if tg_op <> 'INSERT' then
      execute describe into old_key_text, old_image using old;
      old_place := old.ctid;
    end if;
    if tg_op <> 'DELETE' then
      execute describe into key_text, new_image using new;
      new_place := new.ctid;
    end if;
    if tg_op = 'DELETE' then
      key_text := old_key_text;
    end if;
    if tg_op = 'UPDATE' then
      if old_image = new_image then
        perform %1$I._note_move(tg_relid, old.ctid, new.ctid, old.xmin);
        return null;
      end if;
      changed_image := %1$I._difference(new_image, old_image);
      if old_key_text = key_text then
        old_image := %1$I._difference(old_image, new_image);
      end if;
      new_image := changed_image;
    end if;
    if old_key_text = key_text then
      old_key_text := null;
    end if;
  else
%6$s  end if;
$guarded$, 'audit_schema', audit_schema._fingerprint(audited), key_columns, excluded, globs, generated, relation);
  end if;

  return format(
$declaration$create or replace function %1$I.%2$I()
returns trigger
language plpgsql
volatile
security definer
%3$s
as %4$L;$declaration$,
    'audit_schema',
    '_row_' || relation,
    audit_schema._pinned_settings(),
    format(
$body$
declare
  key_text text;
  old_key_text text;
  old_image jsonb;
  new_image jsonb;
  old_place tid;
  new_place tid;
  changed text[] := '{}';
  old_values text[] := '{}';
  new_values text[] := '{}';
%1$sbegin
%2$s  if old_place is not null and current_setting('audit.moves', true) <> '' then
    old_place := %3$I._moved_from(tg_relid, old_place);
  end if;
  insert into %3$I.change (
    relation, op, key, old_key, old, new,
    actor, db_user, role, application, client_addr, context,
    old_tid, new_tid, segment
  ) values (
    %4$s, left(tg_op, 1)::"char", key_text, old_key_text, old_image, new_image,
    %5$s,
    old_place, new_place, %3$I.%6$I()
  );
  return null;
end
$body$,
      case when guarded then E'  describe text;\n  changed_image jsonb;\n' else '' end,
      body,
      'audit_schema',
      relation,
      audit_schema._origin_expressions(),
      '_hot_' || retention));
end
$function$;
