// What is measured: one table in as many copies as there are ways of auditing it, and the statements that write to it.

const columns = "a, b, c, d, e, f, g, h, i, j, k, l";
const row = (n) =>
  `${n}, ${n}, 'name ' || ${n}, 'some longer text value ' || ${n}, ${n} * 1.5, now(), current_date, true,
   '5c5e0f9e-3c2b-4a7e-9a46-0f6b0c8b2d11'::uuid, 'x', ${n}, repeat('y', 30)`;

/** Thirteen columns, of the types that tables have. */
export const createTable = (name) => `
  create table ${name} (
    id bigint primary key, a integer, b integer, c text, d text, e numeric(12,2), f timestamptz, g date, h boolean,
    i uuid, j text, k bigint, l text
  ) with (autovacuum_enabled = off)`;

/** The tutorials' own: row-level, generic, whole images, a key and three indexes. */
const tutorial = (table) => `
  create table tutorial_log (
    id bigserial primary key, table_name text not null, operation text not null, old_row jsonb, new_row jsonb,
    changed_at timestamptz not null default now(), changed_by text not null default current_user
  );
  create index on tutorial_log (table_name);
  create index on tutorial_log (changed_at);
  create index on tutorial_log (changed_by);
  create function tutorial_audit() returns trigger language plpgsql as $$
  begin
    if tg_op = 'INSERT' then
      insert into tutorial_log (table_name, operation, new_row) values (tg_table_name, tg_op, to_jsonb(new));
      return new;
    elsif tg_op = 'UPDATE' then
      insert into tutorial_log (table_name, operation, old_row, new_row) values (tg_table_name, tg_op, to_jsonb(old), to_jsonb(new));
      return new;
    end if;
    insert into tutorial_log (table_name, operation, old_row) values (tg_table_name, tg_op, to_jsonb(old));
    return old;
  end $$;
  create trigger tutorial_audit after insert or update or delete on ${table} for each row execute function tutorial_audit();`;

/**
 * Every way of auditing to compare. `sql` sets one up by itself; `audit` are the arguments of enable beside the table.
 * guarded is how a role without rights of its own installs, and is measured only when asked for.
 */
export const allVariants = [
  { name: "plain" },
  { name: "tutorial", sql: tutorial },
  { name: "changes", audit: [] },
  { name: "lean", audit: ["--images", "lean"] },
  { name: "full", audit: ["--images", "full"] },
  { name: "row", audit: ["--always"] },
  { name: "guarded", audit: [], guarded: true },
];

/** The copy of a variant: full and row are words of SQL. */
export const tableOf = ({ name }) => `bench_${name}`;

export const operations = ["insert", "update", "delete"];

/** Where the rows of statements over many rows begin, beyond those that are written one by one. */
const base = 1_000_000;

/** Statements of one row, by its id. */
export const one = {
  insert: (table, id) => `insert into ${table} (id, ${columns}) values (${id}, ${row(id)})`,
  update: (table, id) => `update ${table} set a = a + 1, c = c || 'x' where id = ${id}`,
  delete: (table, id) => `delete from ${table} where id = ${id}`,
};

/** Statements over so many rows: in this order, each finds the rows that it needs. */
export const many = {
  insert: (table, rows) =>
    `insert into ${table} (id, ${columns}) select n, ${row("n")} from generate_series(${base + 1}, ${base + rows}) as n`,
  update: (table, rows) =>
    `update ${table} set a = a + 1, c = c || 'x' where id between ${base + 1} and ${base + rows}`,
  delete: (table, rows) => `delete from ${table} where id between ${base + 1} and ${base + rows}`,
};

/** Gives a new copy the rows that are written one by one. */
export const seed = (table, rows) =>
  `insert into ${table} (id, ${columns}) select n, ${row("n")} from generate_series(1, ${rows}) as n`;
