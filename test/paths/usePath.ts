import { beforeEach, expect, onTestFinished } from "vitest";
import { type AuditOf, auditOf } from "../helpers/auditOf.ts";
import { connectTo, type TestSql } from "../helpers/client.ts";
import type { TestDatabase } from "../helpers/useDatabase.ts";
import { inExpectedOrder, type Recorded, type Together } from "./changes.ts";
import type { Form } from "./forms.ts";

interface AuditedOptions {
  /** The tables to enable, written as SQL and as audit.at takes them. */
  readonly tables: readonly string[];
  /** Further arguments of `audit enable`. */
  readonly options?: readonly string[];
  /** Columns whose past is not known. */
  readonly unknown?: readonly string[];
}

/** An instant outside of any transaction, with a true copy of each table. */
interface Moment {
  readonly at: string;
  readonly tables: readonly Snapshot[];
}

interface Snapshot {
  readonly table: string;
  readonly columns: string;
  readonly rows: string;
}

const literal = (text: string) => `'${text.replaceAll("'", "''")}'`;

/** A database on which one path of writing is tried out, in one form of capture. */
export interface Path {
  readonly database: TestDatabase;
  readonly audit: AuditOf;
  /** One session of a superuser, new for each test, for statements in the simple protocol. */
  readonly sql: TestSql;
  /** Another session, ended with the test. */
  readonly session: (url?: string) => TestSql;
  /** Makes tables in the empty schema public, puts them into the form, and enables them. */
  readonly audited: (ddl: string, options?: AuditedOptions) => Promise<void>;
  /** Runs statements, each string in a transaction of its own unless it says otherwise. */
  readonly run: (...statements: readonly string[]) => Promise<void>;
  /** The same, and remembers the tables after each. */
  readonly through: (...statements: readonly string[]) => Promise<void>;
  /** What `audit history` tells of a table or of one row. */
  readonly history: (table: string, ...key: readonly string[]) => Promise<Recorded[]>;
  /** Remembers the tables as they are, to be compared with audit.at later. */
  readonly remember: () => Promise<void>;
  /** What was recorded since the tables were enabled, in order of id. */
  readonly changes: () => Promise<Recorded[]>;
  /**
   * These changes and no others were recorded, and audit.at has every table as it was when it was enabled and at
   * each moment remembered.
   */
  readonly expectChanges: (...expected: readonly (Recorded | Together)[]) => Promise<void>;
  /** audit.at has every table as it was at each moment remembered. */
  readonly expectPast: () => Promise<void>;
}

/** The tests of a describe block in one form; each begins with an empty schema public. */
export function usePath(database: TestDatabase, form: Form): Path {
  const audit = auditOf(database);
  let sql: TestSql | undefined;
  let enabled: AuditedOptions = { tables: [] };
  let moments: Moment[] = [];
  let first = "0";

  beforeEach(async () => {
    sql = session();
    enabled = { tables: [] };
    moments = [];
    await run("drop schema public cascade; create schema public; grant usage on schema public to public");
  });

  function session(url = database.url): TestSql {
    const opened = connectTo(url, { max: 1 });
    onTestFinished(() => opened.end({ timeout: 1 }));
    return opened;
  }

  function current(): TestSql {
    if (!sql) throw new Error("The session opens with each test.");
    return sql;
  }

  async function run(...statements: readonly string[]): Promise<void> {
    for (const statement of statements) await current().unsafe(statement);
  }

  async function text(query: string): Promise<string> {
    const [row] = await current().unsafe<{ it: string | null }[]>(query);
    return row?.it ?? "";
  }

  async function history(table: string, ...key: readonly string[]): Promise<Recorded[]> {
    const items = await audit.items<Recorded>("history", table, ...key);
    return items.map((item) => ({
      table: item.table,
      op: item.op.slice(0, 1).toUpperCase(),
      key: item.key,
      old_key: item.old_key,
      old: item.old,
      new: item.new,
    }));
  }

  /** The columns of a table whose past can be compared, as SQL. */
  const columnsOf = (table: string) =>
    text(`
      select string_agg(format('their.%I', attname), ', ' order by attnum) as it
      from pg_attribute
      where attrelid = ${literal(table)}::regclass and attnum > 0 and not attisdropped
        and attname <> all (${literal(`{${(enabled.unknown ?? []).join()}}`)})`);

  const rowsOf = (source: string, columns: string) =>
    text(`
      select string_agg(row(${columns})::text, E'\\n' order by row(${columns})::text collate "C") as it
      from ${source} as their`);

  async function remember(): Promise<void> {
    const tables: Snapshot[] = [];
    for (const table of enabled.tables) {
      const columns = await columnsOf(table);
      tables.push({ table, columns, rows: await rowsOf(await aloneOrWhole(table), columns) });
    }
    moments.push({ at: await text("select clock_timestamp()::text as it"), tables });
  }

  /** Members of an inheritance tree are audited each by itself, partitions are not. */
  async function aloneOrWhole(table: string): Promise<string> {
    const kind = await text(
      `select relkind::text as it from pg_class where oid = ${literal(table)}::regclass`,
    );
    return kind === "p" ? table : `only ${table}`;
  }

  async function changes(): Promise<Recorded[]> {
    const recorded = await current().unsafe<
      (Omit<Recorded, "old" | "new"> & { old: string | null; new: string | null })[]
    >(`
      select
        relation.table_name as table, change.op::text, change.key, change.old_key,
        change.old::text as old, change.new::text as new
      from audit.change join audit.relation on relation.id = change.relation
      where change.id > ${first}
      order by change.id`);
    const image = (json: string | null): Recorded["old"] => (json === null ? null : JSON.parse(json));
    return recorded.map((change) => ({ ...change, old: image(change.old), new: image(change.new) }));
  }

  async function expectPast(): Promise<void> {
    for (const [moment, { at, tables }] of moments.entries()) {
      for (const { table, columns, rows } of tables) {
        const past = await rowsOf(`audit.at(null::${table}, '${at}')`, columns);
        expect({ table, moment, rows: past }).toEqual({ table, moment, rows });
      }
    }
  }

  return {
    database,
    audit,
    get sql() {
      return current();
    },
    session,
    run,
    through: async (...statements) => {
      for (const statement of statements) {
        await run(statement);
        await remember();
      }
    },
    history,
    remember,
    changes,
    expectPast,
    audited: async (ddl, options = { tables: ["item"] }) => {
      enabled = options;
      await run(ddl);
      for (const table of options.tables) await run(form.prepare(table));
      await audit("enable", ...options.tables, ...form.options, ...(options.options ?? []));
      first = await text("select nextval('audit.change_id')::text as it");
      await remember();
    },
    expectChanges: async (...expected) => {
      const wanted = expected.flatMap((part) => ("together" in part ? part.together : [part]));
      expect(inExpectedOrder(await changes(), expected)).toEqual(wanted);
      await expectPast();
    },
  };
}
