-- Whether a text of this type can be read back by a plain cast: for built-in types and domains over them, whose casts
-- nobody else can write. The others go through their input functions (jsonb_to_record): a cast from text is code that the
-- owner of the type may have written, and it would run with the rights of whoever reads. So do regclass and its like,
-- whose cast cannot read all that their output writes.
create or replace function audit_schema._reads_plainly(type oid)
returns boolean
language sql
stable
set search_path = pg_catalog, pg_temp
as $function$
  select under.base < 16384
    and under.base <> all ('{regclass,regcollation,regconfig,regdictionary,regnamespace,regoper,regoperator,regproc,regprocedure,regrole,regtype}'::regtype[]::oid[])
  from audit_schema._base_type(type, -1) as under
$function$;
