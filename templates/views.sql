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
comment on column audit_schema.history.id is 'Number of the change; the same on both rows of a key change.';
comment on column audit_schema.history.at is 'When the change was recorded (clock_timestamp()).';
comment on column audit_schema.history.xid is 'The transaction. Transaction ids start anew after dump and restore.';
comment on column audit_schema.history.schema_name is 'The schema of the table today; the last known one once it is dropped.';
comment on column audit_schema.history.table_name is 'The name of the table today; the last known one once it is dropped.';
comment on column audit_schema.history.op is 'I insert, U update, D delete, T truncate.';
comment on column audit_schema.history.key is 'Primary key as text: one column its text, several a JSON array of texts. Null: TRUNCATE recorded as an event.';
comment on column audit_schema.history.old_key is 'The former key, only when the change moved the row to another key.';
comment on column audit_schema.history.old is 'Former values by column, each as PostgreSQL''s own text.';
comment on column audit_schema.history.new is 'New values, written like old.';
comment on column audit_schema.history.actor is 'Who, as claimed by the application (setting audit.actor).';
comment on column audit_schema.history.db_user is 'Who, as the server knows: the session user.';
comment on column audit_schema.history.role is 'The role in force by SET ROLE; null when none is.';
comment on column audit_schema.history.application is 'The setting application_name of the session that wrote; null when it was empty.';
comment on column audit_schema.history.client_addr is 'Where the session that wrote was connected from; null for a Unix socket.';
comment on column audit_schema.history.context is 'Free facts of the application (setting audit.context); text that is no JSON object stands under "unparsed".';
