-- Names the present instant, exact to the commit: select audit.tag('before-import', 'the nightly one'). What was committed
-- before it belongs to the tag, what was in progress does not. Snapshot and number come from a statement of their own
-- that has written nothing before, hence the refusals (UA005): within a transaction that has written, half of that would
-- belong to the tag. Whoever may insert into the table tag may call it.
create or replace function audit_schema.tag(name text, note text default null)
returns audit_schema.tag
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $function$
declare
  taken audit_schema.tag;
begin
  if pg_current_xact_id_if_assigned() is not null then
    raise exception using
      errcode = 'UA005',
      message = format('the tag %L cannot be set in a transaction that has written', name),
      hint = 'Set it before the first write, or after the commit.';
  end if;
  if current_setting('transaction_isolation') not in ('read committed', 'read uncommitted') then
    raise exception using
      errcode = 'UA005',
      message = format('the tag %L cannot be set in a %s transaction, which does not see the present', name, current_setting('transaction_isolation')),
      hint = 'Set it in a transaction of its own.';
  end if;

  -- The snapshot comes first: whatever is visible in it has drawn its numbers by then.
  insert into audit_schema.tag (name, since, snapshot, id, era, note)
  select tag.name, audit_schema._settled_since(snapshot.taken), snapshot.taken, nextval('audit_schema.change_id'),
    (select max(installation.era) from audit_schema.installation), tag.note
  from (select pg_current_snapshot() as taken offset 0) as snapshot
  on conflict on constraint tag_pkey do nothing
  returning * into taken;
  if not found then
    raise exception using
      errcode = 'UA005',
      message = format('the tag %L is there already', name),
      hint = 'Choose another name, or remove that one: audit tag --delete';
  end if;
  return taken;
end
$function$;
comment on function audit_schema.tag(text, text) is 'Names the present instant, exact to the commit; not within a transaction that has written.';
