-- Brings the tables of an older installation to this version; `audit init` runs it before the functions are replaced.
-- Every statement is harmless where it has been run before.

-- They call functions that are about to be replaced; init makes them anew.
do $do$
declare
  former record;
begin
  for former in
    select event_trigger.evtname as name
    from pg_catalog.pg_event_trigger as event_trigger
    join pg_catalog.pg_proc as function on function.oid = event_trigger.evtfoid
    where function.pronamespace = 'audit_schema'::pg_catalog.regnamespace
  loop
    execute pg_catalog.format('drop event trigger %I', former.name);
  end loop;
end
$do$;

-- from 0.1
do $do$
begin
  if exists (
    select from pg_catalog.pg_attribute
    where attrelid = 'audit_schema.relation'::pg_catalog.regclass and attname = 'exclude' and not attisdropped
  ) then
    alter table audit_schema.relation rename column "exclude" to exclude_globs;
    alter table audit_schema.relation
      add column key_from text not null default 'primary' check (key_from in ('primary', 'chosen', 'none')),
      add column exclude_columns smallint[] not null default '{}',
      add column only_columns smallint[],
      add column only_globs text[] not null default '{}',
      add column redacted smallint[] not null default '{}',
      add column redact_columns smallint[] not null default '{}',
      add column redact_globs text[] not null default '{}',
      add column oversize text not null default 'fail' check (oversize in ('fail', 'digest')),
      add column digested boolean not null default false,
      add column keeps_statement boolean not null default false,
      add column always boolean not null default false,
      add column kind text not null default 'row' check (kind in ('row', 'statement')),
      add column partitions oid[] not null default '{}',
      add column sight text;
    update audit_schema.relation set exclude_columns = excluded;

    alter table audit_schema.change add column began timestamptz;
    alter table audit_schema.change alter column began set default pg_catalog.transaction_timestamp();
    drop index audit_schema.change_at_idx, audit_schema.change_xid_idx;
    create index change_place_idx on audit_schema.change using brin (at, id) with (pages_per_range = 64, autosummarize = on);

    create table audit_schema.defaults (name text not null primary key, value jsonb not null);
  end if;
end
$do$;

-- from 0.2
do $do$
begin
  if not exists (
    select from pg_catalog.pg_attribute
    where attrelid = 'audit_schema.tag'::pg_catalog.regclass and attname = 'since' and not attisdropped
  ) then
    -- No version before this one set tags; of one that was set by hand nothing bounds the search.
    alter table audit_schema.tag add column since timestamptz not null default '-infinity';
    alter table audit_schema.tag alter column since drop default;
    alter table audit_schema.relation_shape add column xid xid8;
    alter table audit_schema.relation_shape alter column xid set default pg_catalog.pg_current_xact_id();
    if pg_catalog.to_regclass('audit_schema.change_at_idx') is not null then
      drop index audit_schema.change_at_idx;
      create index change_place_idx on audit_schema.change using brin (at, id) with (pages_per_range = 64, autosummarize = on);
    end if;
  end if;
end
$do$;

do $do$
begin
  if not exists (
    select from pg_catalog.pg_attribute
    where attrelid = 'audit_schema.relation'::pg_catalog.regclass and attname = 'view_name' and not attisdropped
  ) then
    alter table audit_schema.relation add column view_name text, add column view_made text;
  end if;
end
$do$;

do $do$
begin
  if not exists (
    select from pg_catalog.pg_attribute
    where attrelid = 'audit_schema.relation'::pg_catalog.regclass and attname = 'lost_at' and not attisdropped
  ) then
    alter table audit_schema.relation add column lost_at timestamptz;
    -- There were no archives, so what is gone is lost.
    update audit_schema.relation set lost_at = horizon_at;
    alter table audit_schema.segment add column restored_until timestamptz;
    alter table audit_schema.segment_relation add column gone_at timestamptz;
    create table audit_schema.archive (
      segment integer not null,
      target text not null,
      manifest_sha256 text not null,
      changes bigint not null,
      bytes bigint not null,
      files integer not null,
      archived_at timestamptz not null default pg_catalog.clock_timestamp(),
      verified_at timestamptz,
      primary key (segment, target)
    );
  end if;
end
$do$;

-- What helped a former version may have other parameters now; everything is made anew after this.
do $do$
declare
  former record;
begin
  for former in
    select function.oid::pg_catalog.regprocedure as signature
    from pg_catalog.pg_proc as function
    where function.pronamespace = 'audit_schema'::pg_catalog.regnamespace
      and function.prorettype not in ('trigger'::pg_catalog.regtype, 'event_trigger'::pg_catalog.regtype)
      and function.proname ~ '^_' and function.proname !~ '^_(hot|rows)_[0-9]+$'
  loop
    execute pg_catalog.format('drop routine %s', former.signature);
  end loop;
end
$do$;
