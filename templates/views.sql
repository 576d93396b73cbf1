-- The log for people, BI tools and ORMs. A change that moved a row to another key is shown twice: as leaving the
-- former key (key = old_key) and as arriving at the new one, so that a filter on either key finds it.
create or replace view audit_schema.history as
select
  change.id, change.at, change.xid,
  coalesce(namespace.nspname, relation.schema_name) as schema_name,
  coalesce(class.relname, relation.table_name) as table_name,
  change.op, change.key, change.old_key, change.old, change.new,
  change.actor, change.db_user, change.role, change.application, change.client_addr, change.context
from audit_schema.change
join audit_schema.relation on relation.id = change.relation
left join pg_catalog.pg_class as class on class.oid = relation.oid and relation.dropped_at is null
left join pg_catalog.pg_namespace as namespace on namespace.oid = class.relnamespace
union all
select
  change.id, change.at, change.xid,
  coalesce(namespace.nspname, relation.schema_name),
  coalesce(class.relname, relation.table_name),
  change.op, change.old_key, change.old_key, change.old, change.new,
  change.actor, change.db_user, change.role, change.application, change.client_addr, change.context
from audit_schema.change
join audit_schema.relation on relation.id = change.relation
left join pg_catalog.pg_class as class on class.oid = relation.oid and relation.dropped_at is null
left join pg_catalog.pg_namespace as namespace on namespace.oid = class.relnamespace
where change.old_key is not null;
comment on view audit_schema.history is 'All changes with the names of their tables. A key change appears under both keys (leaving: key = old_key).';
