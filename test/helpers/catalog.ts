import type { TestSql } from "./client.ts";

export interface DescribeCatalogOptions {
  /**
   * A LIKE pattern for the roles to list. Roles belong to the whole server: where other tests run beside this one,
   * name your own. All unless given.
   */
  readonly roles?: string;
}

/**
 * What pg_catalog holds of this database and of the server's roles, as sorted lines: two equal listings mean that
 * nothing was left behind. Written by walking every catalog and every column the server has (so a new major's are
 * in it), with oids replaced by the names of what they point to and expressions by their text. Needs a superuser;
 * compare listings made under one search_path.
 *
 * Of objects that came with the server only the privileges and comments are listed, because nothing else of
 * them can be changed without great force. Privileges are the effective ones: PostgreSQL stores none until the first
 * GRANT and writes the defaults out then, so an object after GRANT and REVOKE is as before in all but storage.
 *
 * Left out, with the reason beside each name below: oids and file numbers, which are new after every re-creation; what
 * VACUUM and ANALYZE write; flags such as relhastriggers, which the server sets at once and clears at the next VACUUM.
 */
export async function describeCatalog(sql: TestSql, options: DescribeCatalogOptions = {}): Promise<string[]> {
  const catalogs = await sql<CatalogRow[]>`
    select
      c.relname as name,
      array_agg(a.attname::text order by a.attnum) as columns,
      array_agg(a.atttypid::regtype::text order by a.attnum) as types
    from pg_class c
    join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    where c.relnamespace = 'pg_catalog'::regnamespace and c.relkind = 'r'
    group by c.relname`;
  const keys = await sql<ReferenceRow[]>`
    select fktable::text as catalog, fkcols[1] as column, pktable::text as target, is_array
    from pg_get_catalog_foreign_keys()
    where cardinality(fkcols) = 1`;
  const references = new Map(keys.map((key) => [`${key.catalog}.${key.column}`, key]));
  const parts = catalogs
    .filter(({ name }) => !skippedCatalogs.has(name))
    .flatMap((catalog) => listings(catalog, references));
  const rows = await sql.unsafe<{ line: string }[]>(
    [...parts, sharedDependencies].join("\nunion all\n").replaceAll("$roles", "$1"),
    [options.roles ?? "%"],
  );
  return rows.map((row) => row.line).sort();
}

interface CatalogRow {
  readonly name: string;
  readonly columns: string[];
  readonly types: string[];
}

interface ReferenceRow {
  readonly catalog: string;
  readonly column: string;
  readonly target: string;
  readonly is_array: boolean;
}

const skippedCatalogs = new Set([
  // Written by ANALYZE.
  "pg_statistic",
  "pg_statistic_ext_data",
  // The contents of large objects; their owners and rights are in pg_largeobject_metadata.
  "pg_largeobject",
  // What the server and extensions shipped with: never changed by GRANT.
  "pg_init_privs",
  // Counted per role below; its rows follow from the objects listed.
  "pg_shdepend",
  // Of the whole server: subscriptions of other databases come and go in it.
  "pg_replication_origin",
]);

const hiddenColumns = new Set([
  // New after each rewrite or VACUUM, or counted by them.
  "pg_class.relfilenode",
  "pg_class.relpages",
  "pg_class.reltuples",
  "pg_class.relallvisible",
  "pg_class.relallfrozen",
  "pg_class.relfrozenxid",
  "pg_class.relminmxid",
  "pg_class.relrewrite",
  "pg_database.datfrozenxid",
  "pg_database.datminmxid",
  "pg_index.indcheckxmin",
  // Set at once, cleared only by a later VACUUM (by the next login, for the last one).
  "pg_class.relhasindex",
  "pg_class.relhasrules",
  "pg_class.relhastriggers",
  "pg_class.relhassubclass",
  "pg_database.dathasloginevt",
  // The value old rows take for a younger column, until the table is rewritten.
  "pg_attribute.atthasmissing",
  "pg_attribute.attmissingval",
  // Always -1 on disk.
  "pg_attribute.attcacheoff",
]);

/** Columns whose stored form holds oids or secrets, or is long, in a form that can be compared. */
const writtenOut: Readonly<Record<string, string>> = {
  "pg_attrdef.adbin": "pg_get_expr(x.adbin, x.adrelid)",
  "pg_authid.rolpassword": "md5(x.rolpassword)",
  "pg_class.reltoastrelid": "x.reltoastrelid <> 0",
  "pg_class.relpartbound": "pg_get_expr(x.relpartbound, x.oid)",
  "pg_constraint.conbin": "pg_get_constraintdef(x.oid)",
  "pg_index.indexprs": "pg_get_indexdef(x.indexrelid)",
  "pg_index.indpred": "pg_get_expr(x.indpred, x.indrelid)",
  "pg_partitioned_table.partexprs": "pg_get_partkeydef(x.partrelid)",
  "pg_policy.polqual": "pg_get_expr(x.polqual, x.polrelid)",
  "pg_policy.polwithcheck": "pg_get_expr(x.polwithcheck, x.polrelid)",
  "pg_proc.proargdefaults": "pg_get_expr(x.proargdefaults, 0)",
  "pg_proc.prosqlbody": "md5(pg_get_function_sqlbody(x.oid))",
  "pg_proc.prosrc": "md5(x.prosrc)",
  "pg_publication_rel.prqual": "pg_get_expr(x.prqual, x.prrelid)",
  "pg_rewrite.ev_action": "md5(pg_get_ruledef(x.oid))",
  "pg_rewrite.ev_qual": "null",
  "pg_statistic_ext.stxexprs": "pg_get_statisticsobjdef(x.oid)",
  "pg_trigger.tgargs": "encode(x.tgargs, 'escape')",
  "pg_trigger.tgqual": "pg_get_triggerdef(x.oid)",
  "pg_type.typdefaultbin": "pg_get_expr(x.typdefaultbin, 0)",
};

/** The privileges an object has while its column is still NULL. */
const defaultPrivileges: Readonly<Record<string, string>> = {
  "pg_class.relacl":
    "case when x.relkind in ('r', 'v', 'm', 'p', 'f') then acldefault('r', x.relowner) when x.relkind = 'S' then acldefault('s', x.relowner) end",
  "pg_database.datacl": "acldefault('d', x.datdba)",
  "pg_foreign_data_wrapper.fdwacl": "acldefault('F', x.fdwowner)",
  "pg_foreign_server.srvacl": "acldefault('S', x.srvowner)",
  "pg_language.lanacl": "acldefault('l', x.lanowner)",
  "pg_largeobject_metadata.lomacl": "acldefault('L', x.lomowner)",
  "pg_namespace.nspacl": "acldefault('n', x.nspowner)",
  "pg_proc.proacl": "acldefault('f', x.proowner)",
  "pg_tablespace.spcacl": "acldefault('t', x.spcowner)",
  "pg_type.typacl": "acldefault('T', x.typowner)",
};

/** The first oid of what users make. */
const firstUserOid = 16_384;

/** Toast tables carry oids in their names; temporary schemas stay as empty shells of sessions gone by. */
const oursRelation = (column: string) =>
  `exists (
    select from pg_class r
    where r.oid = ${column} and r.oid >= ${firstUserOid} and r.relnamespace <> 'pg_toast'::regnamespace
  )`;

/** Which rows are listed, where "made by a user" is not simply a matter of the row's oid. */
const rowFilters: Readonly<Record<string, string>> = {
  pg_attribute: `${oursRelation("x.attrelid")} and x.attnum > 0`,
  pg_aggregate: `x.aggfnoid::oid >= ${firstUserOid}`,
  pg_auth_members: `(
    pg_get_userbyid(x.roleid)::text like $roles or pg_get_userbyid(x.member)::text like $roles
  )`,
  pg_authid: "x.rolname::text like $roles",
  pg_class: oursRelation("x.oid"),
  pg_database: "x.datname = current_database()",
  pg_db_role_setting: `(
    x.setdatabase in (0, (select oid from pg_database where datname = current_database()))
    and (x.setrole = 0 or pg_get_userbyid(x.setrole)::text like $roles)
  )`,
  // Most follow from the objects themselves; not those of extensions, nor which column a sequence belongs to.
  pg_depend: `(
    x.deptype in ('e', 'x')
    or x.classid = 'pg_class'::regclass
      and exists (select from pg_class r where r.oid = x.objid and r.relkind = 'S')
  )`,
  pg_default_acl: "true",
  pg_description: `(x.objoid >= ${firstUserOid} or x.classoid = 'pg_namespace'::regclass)`,
  pg_foreign_table: "true",
  pg_index: oursRelation("x.indexrelid"),
  pg_inherits: "true",
  pg_namespace: "x.nspname !~ '^pg_(toast_)?temp_'",
  pg_parameter_acl: "true",
  pg_partitioned_table: "true",
  pg_range: `x.rngtypid >= ${firstUserOid}`,
  pg_seclabel: "true",
  pg_sequence: "true",
  pg_shdescription: `(
    x.classoid = 'pg_tablespace'::regclass
    or x.classoid = 'pg_database'::regclass
      and x.objoid = (select oid from pg_database where datname = current_database())
    or x.classoid = 'pg_authid'::regclass and pg_get_userbyid(x.objoid)::text like $roles
  )`,
  pg_shseclabel: "true",
  pg_subscription: "x.subdbid = (select oid from pg_database where datname = current_database())",
  pg_subscription_rel: "true",
  pg_tablespace: "true",
  pg_ts_config_map: `x.mapcfg >= ${firstUserOid}`,
};

/** What the server itself cannot name: known by the columns of the row. */
const unnamed = new Set(["pg_enum", "pg_largeobject_metadata"]);

/** Catalogs of this database whose shipped rows can be granted and revoked. */
const hasShippedRows = new Set(["pg_attribute", "pg_class", "pg_language", "pg_proc", "pg_type"]);

/** How many roles' rights hang in this database: what DROP ROLE counts. */
const sharedDependencies = `
  select format(
    'pg_shdepend %s %s on %s: %s',
    (pg_identify_object(x.refclassid, x.refobjid, 0)).identity, x.deptype, x.classid::regclass, count(*)
  ) as line
  from pg_shdepend x
  where x.dbid = (select oid from pg_database where datname = current_database())
  group by x.refclassid, x.refobjid, x.deptype, x.classid`;

function listings(catalog: CatalogRow, references: ReadonlyMap<string, ReferenceRow>): string[] {
  const { name, columns, types } = catalog;
  const hasOid = columns.includes("oid");
  const fields = columns
    .map((column, index) => ({ column, type: types[index] ?? "", key: `${name}.${column}` }))
    .filter(({ column, key }) => column !== "oid" && !hiddenColumns.has(key))
    .map(
      ({ column, type, key }) => `'${column}', ${valueText(column, type, key, columns, references.get(key))}`,
    );
  const identity =
    hasOid && !unnamed.has(name) ? `(pg_identify_object('${name}'::regclass, x.oid, 0)).identity` : "null";
  const filter = rowFilters[name] ?? (hasOid ? `x.oid >= ${firstUserOid}` : "true");
  const whole = `
    select concat_ws(' ', '${name}', ${identity}, jsonb_strip_nulls(jsonb_build_object(${fields.join(", ")}))::text) as line
    from pg_catalog.${name} x
    where ${filter}`;
  const privileges = columns.find((_column, index) => types[index] === "aclitem[]");
  if (privileges === undefined || !hasShippedRows.has(name)) return [whole];
  return [whole, shippedPrivileges(name, privileges, hasOid, filter)];
}

/** Privileges of what came with the server, where they are not those of any new object. */
function shippedPrivileges(name: string, column: string, hasOid: boolean, filter: string): string {
  const identity = hasOid
    ? `(pg_identify_object('${name}'::regclass, x.oid, 0)).identity`
    : "(pg_identify_object('pg_class'::regclass, x.attrelid, x.attnum)).identity";
  const privileges = sortedPrivileges(`x.${column}`);
  const fallback = sortedPrivileges(defaultPrivileges[`${name}.${column}`] ?? "null::aclitem[]");
  return `
    select concat_ws(' ', '${name}', ${identity}, ${privileges}::text) as line
    from pg_catalog.${name} x
    where x.${column} is not null
      and ${hasOid ? "x.oid" : "x.attrelid"} < ${firstUserOid}
      and not (${filter})
      and ${privileges} is distinct from ${fallback}`;
}

function valueText(
  column: string,
  type: string,
  key: string,
  columns: readonly string[],
  reference: ReferenceRow | undefined,
): string {
  const quoted = `x.${column}`;
  const written = writtenOut[key];
  if (written) return written;
  if (type === "aclitem[]") {
    const fallback = defaultPrivileges[key];
    return sortedPrivileges(fallback ? `coalesce(${quoted}, ${fallback})` : quoted);
  }
  if (column === "objid" || column === "objoid") return addressOf(columns, column);
  if (column === "refobjid") return "(pg_identify_object(x.refclassid, x.refobjid, x.refobjsubid)).identity";
  if (reference?.is_array) {
    return `(
      select jsonb_agg(${nameOf(reference.target, "e.id")} order by e.place)
      from unnest(${quoted}::oid[]) with ordinality as e (id, place)
    )`;
  }
  if (reference) return nameOf(reference.target, `${quoted}::oid`);
  return `${quoted}::text`;
}

function addressOf(columns: readonly string[], column: string): string {
  const subject = columns.includes("objsubid") ? "x.objsubid" : "0";
  const classColumn = column === "objid" ? "x.classid" : "x.classoid";
  return `(pg_identify_object(${classColumn}, x.${column}, ${subject})).identity`;
}

function nameOf(target: string, oid: string): string {
  return `case when ${oid} <> 0 then (pg_identify_object('${target}'::regclass, ${oid}, 0)).identity end`;
}

function sortedPrivileges(acl: string): string {
  return `(select jsonb_agg(item::text order by item::text) from unnest(${acl}) as item)`;
}
