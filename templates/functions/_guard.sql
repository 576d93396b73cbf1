-- The beginning of a trigger function where DDL is not followed by event triggers: it looks at each row whether the
-- table still has the columns it was made for, and where not, describes the row by the catalog of that moment and
-- records it so. Empty where event triggers make the functions anew.
create or replace function audit_schema._guard(registered audit_schema.relation, operation text)
returns text
language sql
stable
set search_path = pg_catalog, pg_temp
as $function$
  select case when registered.capture <> 'guarded' then '' else format(
$guard$  if %1$I._fingerprint(tg_relid) <> %2$L then
%3$s    return null;
  end if;
$guard$,
    'audit_schema',
    audit_schema._fingerprint(registered.oid),
    case operation
      when 'insert' then
        format(E'    execute %I._describe_expression(tg_relid, %L) into key_text, new_image using new;\n', 'audit_schema', described.settings)
          || case when registered.images = 'lean' then E'    new_image := null;\n' else '' end
          || audit_schema._record_statement(registered, 'I', 'key, new, new_tid', 'key_text, new_image, new.ctid', '')
      when 'delete' then
        format(E'    execute %I._describe_expression(tg_relid, %L) into old_key_text, old_image using old;\n', 'audit_schema', described.settings)
          || audit_schema._record_statement(registered, 'D', 'key, old, old_tid', 'old_key_text, old_image, ' || audit_schema._old_place(), '')
      else
        format(
$update$    execute %1$I._describe_expression(tg_relid, %2$L) into old_key_text, old_image using old;
    execute %1$I._describe_expression(tg_relid, %2$L) into key_text, new_image using new;
    if old_image = new_image and (%3$s) then
      perform %1$I._note_move(tg_relid, old.ctid, new.ctid, old.xmin);
      return null;
    end if;
    if old_key_text = key_text then
      old_key_text := null;
    end if;
%4$s$update$,
          'audit_schema', described.settings,
          -- values that are redacted cannot be compared by their images
          case when registered.redacted = '{}' then 'true' else 'not (old *<> new)' end,
          case registered.images
            when 'full' then ''
            else format(
$parts$    changed := array(select part.key from jsonb_each(new_image) as part where part.value is distinct from old_image -> part.key);
    new_image := %1$s;
    if old_key_text is null then
      old_image := %2$I._difference(old_image, changed);
    end if;
$parts$,
              case when registered.images = 'lean' then 'null' else format('%I._difference(new_image, changed)', 'audit_schema') end,
              'audit_schema')
          end)
          || audit_schema._record_statement(registered, 'U', 'key, old_key, old, new, old_tid, new_tid',
            'key_text, old_key_text, old_image, new_image, ' || audit_schema._old_place() || ', new.ctid', '')
    end) end
  from (select (to_jsonb(registered) - '{oid,partitions,sight,horizon_at,dropped_at,enabled}'::text[])::text as settings) as described
$function$;
