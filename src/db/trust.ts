import type { Sql } from "../connection/connect.ts";

/** The roles that own our trigger functions; templates/roles.sql sees to it that nobody else has them. */
const AUDIT_ROLES = ["audit_writer", "audit_truncate", "audit_ddl"];

/**
 * A condition on the oid of an owner: whether what belongs to it may be run by whoever asks. Yes for the current
 * role itself, for superusers, and for those who own the database or may act as its owner. Anybody else who has
 * CREATE on the database could lay down something that looks like ours, and wait for a superuser to use it.
 */
export function isTrusted(sql: Sql, owner: string): ReturnType<Sql["unsafe"]> {
  return sql.unsafe(`(
    ${owner} = (select oid from pg_roles where rolname = current_user)
    or ${owner} = (select oid from pg_roles where rolname = 'pg_database_owner')
    or pg_has_role(${owner}, (select datdba from pg_database where datname = current_database()), 'member')
  )`);
}

/** Something in our schema that a stranger owns, of whatever kind; undefined where there is nothing. */
export async function findStrangersObject(
  sql: Sql,
  schema: string,
): Promise<{ readonly description: string; readonly owner: string } | undefined> {
  const [found] = await sql<{ description: string; owner: string }[]>`
    select
      pg_describe_object(owned.classid, owned.objid, 0) as description,
      pg_get_userbyid(owned.refobjid) as owner
    from pg_shdepend as owned
    join pg_depend as located
      on located.classid = owned.classid
      and located.objid = owned.objid
      and located.refclassid = 'pg_namespace'::regclass
    join pg_namespace as namespace on namespace.oid = located.refobjid
    where namespace.nspname = ${schema}
      and owned.dbid = (select oid from pg_database where datname = current_database())
      and owned.refclassid = 'pg_authid'::regclass
      and owned.deptype = 'o'
      and not ${isTrusted(sql, "owned.refobjid")}
      and not (
        (owned.classid = 'pg_proc'::regclass
          -- history views, which read with the rights of whoever asks
          or owned.classid = 'pg_class'::regclass and exists (
            select from pg_class as class
            where class.oid = owned.objid and class.relkind = 'v' and class.reloptions @> '{security_invoker=true}'
          ))
        and pg_get_userbyid(owned.refobjid) = any (${sql.array(AUDIT_ROLES, 25)}::text[])
      )
      and not exists (
        -- What reads a table for TRUNCATE capture belongs to the table's owner, even when the table is gone, and runs
        -- as nobody else. Where the two are different owners TRUNCATE refuses to call it.
        select
        from pg_proc as function
        where owned.classid = 'pg_proc'::regclass
          and function.oid = owned.objid
          and function.proname ~ '^_rows_[0-9]+$'
          and function.proargtypes = array['text'::regtype]::oidvector
          and function.prosecdef
      )
    order by 1
    limit 1`;
  return found;
}
