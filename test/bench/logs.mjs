// Logs to read: one history of two tables, as a formula, and databases that hold all of it or its newest part. A row is
// inserted, updated again and again (two columns of thirteen), in every fiftieth life deleted and inserted anew, and in
// the end deleted or left. The tables hold what the history ends with, so that every past can be rebuilt.
import { createTable } from "./tables.mjs";

export const tables = ["orders", "customers"];

/** Changes of one row from its insert to this day. */
const VERSIONS = 10;

/** Each transaction has so many changes, half of each table. */
export const PER_TRANSACTION = 4;

/** Ids and transaction numbers that a cluster has behind it before the first change. */
const FIRST_ID = 1000;
const FIRST_XID = 2000;

const CHUNK = 400_000;

/** How much of time a log covers; its end is the present. */
const YEAR = "365 days";

/** Columns of the table, as SQL of `key` and `version`. The first two change in every update. */
const values = {
  a: "(key + version)::integer",
  c: "'name ' || key || ' no. ' || version",
  id: "key",
  b: "key::integer",
  d: "'some longer text value ' || key",
  e: "(key * 1.5)::numeric(12,2)",
  f: "timestamptz '2025-01-01 00:00:00+00' + key * interval '1 second'",
  g: "date '2025-01-01' + (key % 365)::integer",
  h: "key % 2 = 0",
  i: "('00000000-0000-4000-8000-' || lpad(key::text, 12, '0'))::uuid",
  j: "'x'::text",
  k: "key",
  l: "repeat('y', 30)",
};
const changing = ["a", "c"];

/**
 * Makes a database whose log is the newest `kept` of `all` changes, ready to be read: summarized and analyzed. A server
 * that has it already keeps it. `audit` runs a command on a database.
 */
export async function makeLog(server, audit, { name, all, kept, progress }) {
  const [{ there }] =
    await server.admin`select exists (select from pg_database where datname = ${name}) as there`;
  if (there) return;
  await server.admin.unsafe(`create database ${name}`);
  const sql = server.connect(name);
  try {
    await sql.unsafe("set timezone = 'UTC'");
    const keys = all / VERSIONS / tables.length;
    for (const table of tables) {
      await sql.unsafe(createTable(table));
      await sql.unsafe(fillTable(table, keys));
    }
    await audit(name, "init");
    await audit(name, "enable", ...tables);
    await spendTransactions(sql, FIRST_XID + all / PER_TRANSACTION);
    const log = await prepare(sql, all - kept);
    for (let from = all - kept + 1; from <= all; from += CHUNK) {
      await sql.unsafe(fillLog(log, { from, to: Math.min(from + CHUNK - 1, all), all, keys }));
      progress?.(`${name}: ${Math.min(from + CHUNK - 1, all) - (all - kept)} of ${kept} changes`);
    }
    await sql`select setval('audit.change_id', ${FIRST_ID + all + 1})`;
    await settle(sql);
  } finally {
    await sql.end();
  }
}

/** What a vacuum leaves behind: all is summarized, the planner knows what there is. */
export async function settle(sql) {
  await sql.unsafe("vacuum analyze");
  for (const { index } of await placeIndexes(sql))
    await sql`select brin_summarize_new_values(${index}::text::regclass)`;
}

/** What a log looks like whose server never came to vacuum it. */
export async function unsettle(sql) {
  for (const { index, pages } of await placeIndexes(sql))
    await sql`
      select count(brin_desummarize_range(${index}::text::regclass, page))
      from generate_series(0, ${pages}::bigint, 64) as page`;
}

async function placeIndexes(sql) {
  return sql`
    select index.oid::regclass::text as index, pg_relation_size(pg_index.indrelid) / 8192 as pages
    from pg_class as index
    join pg_index on pg_index.indexrelid = index.oid
    join pg_am as method on method.oid = index.relam
    where method.amname = 'brin' and index.relkind = 'i'`;
}

/** An instant between two transactions after which a table has so many changes: its time, and its tag's snapshot. */
export function instantBefore(changes, all) {
  const transaction = (all - changes * tables.length) / PER_TRANSACTION;
  return { id: FIRST_ID + all - changes * tables.length + 1, xid: FIRST_XID + transaction };
}

/** Sets a tag where the history has one, as audit tag would have then. */
export async function setTag(sql, name, { id, xid }) {
  await sql`
    insert into audit.tag (name, at, since, id, snapshot, era)
    select ${name}, change.began, change.began, ${id}, ${`${xid}:${xid}:`}::text::pg_snapshot, 1
    from audit.change where change.id = ${id}
    on conflict do nothing`;
}

const fillTable = (table, keys) => `
  insert into ${table} (${Object.keys(values).join(", ")})
  select ${Object.values(values).join(", ")}
  from generate_series(1::bigint, ${keys}) as key, (values (${VERSIONS - 1})) as last (version)
  where ${survives}`;

/** Rows that the history does not end with the delete of. */
const survives = "key % 97 <> 0";

/** Every transaction of the history had a number; the server must not give it out again. */
async function spendTransactions(sql, upTo) {
  await sql.unsafe(`
    do $do$
    begin
      while pg_current_xact_id()::text::bigint < ${upTo} loop
        commit;
      end loop;
    end $do$`);
}

/** Lets coverage begin before the log does; the segment that it is written to, and what the tables are called in it. */
async function prepare(sql, skipped) {
  await sql.unsafe(`
    update audit.installation set installed_at = now() - interval '${YEAR}' - interval '1 day', first_id = 1;
    update audit.coverage set from_id = ${FIRST_ID + skipped}, from_at = now() - interval '${YEAR}' - interval '1 hour';
    update audit.relation_shape set from_id = 1, from_at = now() - interval '${YEAR}' - interval '1 hour'`);
  const [{ segment }] =
    await sql`select hot_segment as segment from audit.retention where hot_segment is not null`;
  const relations = await sql`select id, table_name from audit.relation`;
  const [{ now }] = await sql`select now()::text as now`;
  return { segment, relations, now };
}

const fillLog = ({ segment, relations, now }, { from, to, all, keys }) => `
  insert into audit.change_${segment} (
    id, at, xid, began, relation, segment, op, key, old, new, actor, db_user, application, client_addr, context, old_tid, new_tid
  )
  select
    ${FIRST_ID} + n,
    began + interval '2 ms' + (n - 1) % ${PER_TRANSACTION} * interval '1 ms',
    (${FIRST_XID} + transaction)::text::xid8,
    began,
    relation,
    ${segment},
    op::"char",
    key::text,
    case op when 'U' then ${image(changing, "version - 1")} when 'D' then ${image(Object.keys(values), "version - 1")} end,
    case op when 'U' then ${image(changing, "version")} when 'I' then ${image(Object.keys(values), "version")} end,
    case when transaction % 5 <> 0 then 'user:' || transaction * 7919 % 300 end,
    'app',
    'shop',
    '10.0.0.7'::inet,
    case when transaction % 2 = 0 then jsonb_build_object('request_id', md5(transaction::text)) end,
    case op when 'U' then place end,
    case op when 'U' then place end
  from (
    select *,
      ('(' || key / 60 || ',' || key % 60 + 1 || ')')::tid as place,
      case
        when version = 0 or version = 6 and key % 50 = 0 then 'I'
        when version = 5 and key % 50 = 0 or version = ${VERSIONS - 1} and not (${survives}) then 'D'
        else 'U'
      end as op
    from (
      select n, transaction, round as version,
        timestamptz '${now}' - interval '${YEAR}' + transaction * (interval '${YEAR}' / ${all / PER_TRANSACTION}) as began,
        case (n - 1) % ${tables.length} ${relations
          .map(({ id, table_name }) => `when ${tables.indexOf(table_name)} then ${id}`)
          .join(" ")} end as relation,
        -- every key once in each round, in another order
        1 + ((number % ${keys}) * 7368787 + round * 7919) % ${keys} as key
      from (
        select n, (n - 1) / ${PER_TRANSACTION} as transaction, (n - 1) / ${tables.length} as number,
          (n - 1) / ${tables.length} / ${keys} as round
        from generate_series(${from}::bigint, ${to}) as n
        offset 0
      ) as numbered
      offset 0
    ) as moved
    offset 0
  ) as change`;

const image = (names, version) =>
  `jsonb_build_object(${names
    .map((name) => `'${name}', (${values[name].replaceAll("version", `(${version})`)})::text`)
    .join(", ")})`;
