-- The settings of the functions that write images of a table: the session of the application must not be able to change
-- the text of a value, nor what a name means. Each setting costs every call about half a microsecond, so only those
-- are pinned that one of the columns needs; types not known here get all of them. quote_all_identifiers is in the text
-- of regclass and its like; the old reading of backslashes in strings would break statements that are made and parsed
-- at run time (`parses`).
create or replace function audit_schema._pinned_settings(audited oid, parses boolean)
returns text
language sql
stable
set search_path = pg_catalog, pg_temp
as $function$
  with needs (name, types) as (
    values
      ('', '{bool,int2,int4,int8,numeric,text,varchar,bpchar,name,char,uuid,oid,json,jsonb,jsonpath,inet,cidr,macaddr,macaddr8,bit,varbit,tid,xid,xid8,pg_lsn,time,tsvector,tsquery}'::text[]),
      ('timezone = ''UTC''', '{timestamptz}'),
      ('datestyle = ''ISO, YMD''', '{date,timestamp,timestamptz}'),
      ('intervalstyle = ''postgres''', '{interval}'),
      ('bytea_output = ''hex''', '{bytea}'),
      ('extra_float_digits = 1', '{float4,float8}'),
      ('lc_monetary = ''C''', '{money}'),
      ('xmloption = ''content''', '{}'),
      ('quote_all_identifiers = off', '{}')
  ), element as (
    select coalesce(array_element.typname, type.typname)::text as name,
      coalesce(array_element.typtype, type.typtype) = 'e' as enumerated,
      coalesce(array_element.oid, type.oid) < 16384 as built_in
    from pg_attribute as attribute
    join pg_type as type on type.oid = attribute.atttypid
    left join pg_type as array_element on array_element.oid = type.typelem and type.typsubscript = 'array_subscript_handler'::regproc
    where attribute.attrelid = audited and attribute.attnum > 0 and not attribute.attisdropped
  ), strange as (
    select parses or exists (
      select from element
      where not element.enumerated
        and not (element.built_in and element.name in (select unnest(needs.types) from needs))
    ) as any_of_them
  )
  select concat_ws(E'\n',
    'set search_path = pg_catalog, pg_temp',
    (
      select string_agg('set ' || needs.name, E'\n')
      from needs, strange
      where needs.name <> ''
        and (strange.any_of_them or exists (select from element where element.built_in and element.name = any (needs.types)))
    ),
    case when parses then 'set standard_conforming_strings = on' end)
$function$;
