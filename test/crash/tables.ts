/** An audited table of the crash test. Its rows are numbered; the key is made from the number. */
export interface CrashTable {
  readonly name: string;
  /** In key order. */
  readonly key: readonly string[];
  /** All columns and their types, in the order of `row`. */
  readonly columns: Readonly<Record<string, string>>;
  readonly excluded: readonly string[];
  /** SQL for the values of a new row from its number and a label, both SQL expressions. */
  readonly row: (number: string, label: string) => readonly string[];
  /** The column that holds the number. */
  readonly number: string;
  /** SQL that sets another key. */
  readonly otherKey: string;
  /** An update that changes the key is seen by PostgreSQL as a delete and an insert when it changes the partition. */
  readonly partitioned: boolean;
  /** COPY into it meets no lock and no constraint: an error in the midst of one would never be told by the driver. */
  readonly copied: boolean;
  /** TRUNCATE may hit it: prepared transactions leave it alone, or their lock would stop everyone. */
  readonly truncated: boolean;
}

type Particulars = Pick<CrashTable, "name"> & Partial<CrashTable>;

function table(particulars: Particulars): CrashTable {
  return {
    key: ["id"],
    columns: { id: "integer", n: "integer", label: "text" },
    excluded: [],
    row: (number, label) => [number, "0", label],
    number: "id",
    otherKey: "id = nextval('fresh')",
    partitioned: false,
    copied: false,
    truncated: false,
    ...particulars,
  };
}

export const tables: readonly CrashTable[] = [
  table({
    name: "plain",
    columns: {
      id: "integer",
      n: "integer",
      label: "text",
      amount: "numeric",
      doc: "jsonb",
      since: "timestamptz",
    },
    row: (number, label) => [
      number,
      "0",
      label,
      `(${number} % 100) * 1.10`,
      `jsonb_build_object('number', ${number}, 'none', null)`,
      `timestamptz '2026-01-01 00:00:00.123456+00' + ${number} % 1000 * interval '1 minute'`,
    ],
    copied: true,
  }),
  table({
    name: "touched",
    columns: { id: "integer", n: "integer", label: "text", grp: "integer", chosen: "boolean" },
    row: (number, label) => [number, "0", label, `${number} % 40`, `${number} % 3 = 0`],
  }),
  table({
    name: "parts",
    key: ["region", "id"],
    columns: { id: "integer", region: "text", n: "integer", label: "text" },
    row: (number, label) => [number, `(array['a', 'b', 'c', 'd'])[1 + ${number} % 4]`, "0", label],
    otherKey:
      "region = case region when 'a' then 'b' when 'b' then 'c' when 'c' then 'd' else 'a' end, id = nextval('fresh')",
    partitioned: true,
    copied: true,
  }),
  table({ name: "parent", copied: true }),
  table({
    name: "child",
    columns: { id: "integer", n: "integer", label: "text", parent: "integer" },
    row: (number, label) => [
      number,
      "0",
      label,
      `(select id from parent where id >= ${number} % 300 order by id limit 1)`,
    ],
  }),
  table({
    name: "secretive",
    columns: { id: "integer", n: "integer", label: "text", hidden: "text" },
    row: (number, label) => [number, "0", label, `'hidden ' || ${label}`],
    excluded: ["hidden"],
    copied: true,
  }),
  table({
    name: "pair",
    key: ["b", "a"],
    columns: { a: "integer", b: "text", n: "integer", label: "text" },
    row: (number, label) => [number, `'k"' || ${number} % 7`, "0", label],
    number: "a",
    otherKey: "b = b || '''', a = nextval('fresh')",
    copied: true,
  }),
  table({ name: "small", truncated: true }),
];

/** What commits leave beside the audit: one token for each transaction. */
export const ledger = "ledger";

/** The columns that are to be recorded. */
export function recordedColumns({ columns, excluded }: CrashTable): string[] {
  return Object.keys(columns).filter((name) => !excluded.includes(name));
}

/** The table of that name. */
export function tableOf(name: string): CrashTable {
  const found = tables.find((table) => table.name === name);
  if (!found) throw new Error(`"${name}" is no table of the crash test.`);
  return found;
}

const triggers = `
  create function touch_again() returns trigger language plpgsql as $$
  begin
    if pg_trigger_depth() = 1 then
      update touched set n = n + 1 where id = new.id;
    end if;
    return null;
  end $$;
  -- One name before the audit's, one behind it.
  create trigger "!again" after insert on touched for each row execute function touch_again();
  create function only_one_chosen() returns trigger language plpgsql as $$
  begin
    if new.chosen and pg_trigger_depth() = 1 then
      update touched set chosen = false where grp = new.grp and id <> new.id and chosen;
    end if;
    return null;
  end $$;
  create trigger only_one after insert or update on touched for each row execute function only_one_chosen();`;

function createTable({ name, key, columns, partitioned }: CrashTable): string {
  const list = Object.entries(columns).map(([column, type]) => `${column} ${type}`);
  return `create table ${name} (${list.join(", ")}, primary key (${key.join(", ")}))${partitioned ? " partition by list (region)" : ""};`;
}

/** SQL that makes all tables, empty, and lets everyone write to them. */
export const schemaSql = `
  create table ${ledger} (token text not null primary key);
  create sequence fresh start 1000;
  ${tables.map(createTable).join("\n  ")}
  create table parts_a partition of parts for values in ('a');
  create table parts_b partition of parts for values in ('b') partition by hash (id);
  create table parts_b_even partition of parts_b for values with (modulus 2, remainder 0);
  create table parts_b_odd partition of parts_b for values with (modulus 2, remainder 1);
  create table parts_rest partition of parts default;
  alter table child add foreign key (parent) references parent on delete cascade on update cascade;
  create index on child (parent);
  create index on touched (grp);
  ${triggers}
  grant select, insert, update, delete, truncate on all tables in schema public to public;
  grant usage on sequence fresh to public;`;
