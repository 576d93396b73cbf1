-- The type that a column has in its table's history view: its own where that is built in, what lies under a domain, text
-- for all others. A label, an attribute or a check of a type that somebody made can have changed since, and the past must
-- stay readable; nor must the view stand in the way of DROP TYPE, or run what others wrote when values are read back. Text
-- as well where reading back depends on settings of the session, or on what else there is in the database.
create or replace function audit_schema._view_type(type oid, typmod integer)
returns text
language sql
stable
set search_path = pg_catalog, pg_temp
as $function$
  select case
    when under.base < 16384
      and (select coalesce(nullif(built_in.typelem, 0), built_in.oid) from pg_type as built_in where built_in.oid = under.base)
        <> all ('{money,xml,aclitem,regclass,regcollation,regconfig,regdictionary,regnamespace,regoper,regoperator,regproc,regprocedure,regrole,regtype}'::regtype[]::oid[])
      then under.named
    else 'text'
  end
  from audit_schema._base_type(type, typmod) as under
$function$;
