import { readFileSync } from "node:fs";
import type { TestSql } from "./client.ts";

/** A version that was released: what its fixture audits and how, and a life of these tables under it and after it. */
export interface Former {
  readonly version: string;
  /** The tables, as SQL. */
  readonly tables: string;
  /** How they were enabled, in order: arguments of `audit enable`. */
  readonly enables: readonly (readonly string[])[];
  /** The tables as SQL and audit.at take them, with the columns whose past is known. */
  readonly known: readonly (readonly [table: string, columns: string])[];
  /** Statements, and then more of them after the upgrade. */
  readonly written: readonly string[];
  readonly goingOn: readonly string[];
  /** What `goingOn` leaves in the log, in any order: table, operation and the keys. */
  readonly recorded: readonly string[];
  /** Views that show the history of tables. */
  readonly views: readonly string[];
  /** Whether it had a command that sets tags. */
  readonly tags: boolean;
}

const first: Former = {
  version: "0.1.0",
  tables: `
    create table people (
      id integer primary key, name text, hair_color text, api_token text, born date,
      loud text generated always as (upper(hair_color)) stored
    );
    create table event (id integer, region text, note text, primary key (region, id)) partition by list (region);
    create table event_north partition of event for values in ('north');
    create table event_rest partition of event default partition by hash (id);
    create table event_rest_0 partition of event_rest for values with (modulus 1, remainder 0);
    create table "Odd.Pair" ("x y" text, note text, a integer, n numeric, primary key (a, "x y"));
    create table counted (id integer primary key, n integer default 0);
    create function count_up() returns trigger language plpgsql as
      'begin if new.n < 2 then update counted set n = n + 1 where id = new.id; end if; return null; end';
    create trigger count_up after insert or update on counted for each row execute function count_up();
    create schema depot;
    create table depot.part (id integer primary key, note text)`,
  enables: [
    ["people", "--exclude", "hair_color,*_token"],
    ["event"],
    ['"Odd.Pair"', "--retain", "90d"],
    ["counted", "--on-truncate", "record"],
    ["depot.part"],
  ],
  known: [
    ["people", "id, name, born"],
    ["event", "id, region, note"],
    ['"Odd.Pair"', '"x y", note, a, n'],
    ["counted", "id, n"],
    ["depot.part", "id, note"],
  ],
  written: [
    `insert into people (id, name, hair_color, api_token, born) values (1, 'Ada', 'red', 's3cret', '1815-12-10'), (2, 'Bob', null, null, null);
     insert into event values (1, 'north', 'a'), (2, 'south', 'b'), (3, 'south', null);
     insert into "Odd.Pair" values ('p', 'x', 1, 1.50), ('q', null, 1, 'NaN');
     insert into counted values (1, 0);
     insert into depot.part values (1, 'bolt'), (2, 'nut')`,
    "update people set id = 3, name = 'Ada L.' where id = 1; delete from people where id = 2",
    "update event set region = 'north' where id = 2; update event_rest set note = 'c'",
    `update "Odd.Pair" set n = 1.5, a = a + 1; delete from depot.part where id = 1`,
    `begin; delete from counted; insert into counted values (1, 1), (2, 0); update counted set n = 5 where id = 1; commit`,
  ],
  goingOn: [
    "insert into people (id, name, api_token) values (1, 'Cy', 's3cret'); update people set name = 'Ada', hair_color = 'grey' where id = 3",
    `truncate "Odd.Pair"; insert into "Odd.Pair" values ('p', 'again', 2, 7)`,
    "update event set region = 'east' where region = 'north'; delete from event_rest where id = 3",
    "delete from people where id = 1; update people set id = 1 where id = 3",
    "insert into counted values (3, 0); delete from counted where id = 2",
    "update depot.part set note = 'new', id = 9; insert into depot.part values (2, 'nut')",
    "truncate event_north; truncate event",
  ],
  recorded: [
    'Odd.Pair I ["2", "p"]',
    'Odd.Pair T ["2", "p"] ["2", "q"]',
    "counted D 2",
    "counted I 3",
    "counted U 3 3",
    'event D ["north", "1"] ["north", "2"] ["south", "3"]',
    'event I ["east", "1"] ["east", "2"]',
    'event T ["east", "1"] ["east", "2"]',
    "part I 2",
    "part U 9",
    "people D 1",
    "people I 1",
    "people U 1 3",
  ],
  views: [],
  tags: false,
};

/** The same tables under what 0.2 brought, and three without a primary key or with few of their columns. */
const second: Former = {
  version: "0.2.0",
  tables: `${first.tables};
    create table "it's set" (note text, scope text not null, "na""me" text not null, value text, secret text, unique (scope, "na""me"));
    create table invoice (memo text, id integer primary key, total numeric(10, 2), "is paid" boolean, scan text);
    create table visit (page text, seconds integer)`,
  enables: [
    ["people", "--exclude", "hair_color", "--redact", "*_token"],
    ["event", "--images", "full"],
    ['"Odd.Pair"', "--retain", "90d", "--images", "lean"],
    ["counted", "--on-truncate", "record", "--always"],
    ["depot.part"],
    [`"it's set"`, "--key", 'scope,"na""me"', "--redact", "secret", "--images", "full"],
    ["invoice", "--only", 'total,"is paid"', "--oversize", "digest"],
    ["visit", "--no-key", "--statement"],
  ],
  known: [
    ...first.known,
    [`"it's set"`, 'note, scope, "na""me", value'],
    ["invoice", 'id, total, "is paid"'],
  ],
  written: [
    ...first.written,
    `insert into "it's set" values (null, 'site', E'ti\ntle', '', 's3cret'), (null, 'site', 'tab', E'\t\x01', null)`,
    `insert into invoice values ('s3cret', 1, 1.50, false, 's3cret'), ('s3cret', 2, 0, null, null); update invoice set "is paid" = true, memo = 's3cret'`,
    "insert into visit values ('/', 1), ('/', 1)",
    `update "it's set" set secret = 's3cret!', scope = 'shop' where "na""me" = 'tab'; update "it's set" set secret = 's3cret?'`,
  ],
  goingOn: [
    ...first.goingOn,
    `update "it's set" set secret = null; delete from "it's set" where scope = 'site'; insert into "it's set" values ('n', 'shop', '', null, 's3cret')`,
    "update invoice set memo = 's3cret'; update invoice set total = total + 1 where id = 1; truncate invoice",
    "delete from visit where ctid = '(0,1)'; update visit set seconds = 2",
  ],
  recorded: [
    ...first.recorded,
    "invoice T 1 2",
    "invoice U 1",
    String.raw`it's set D ["site", "ti\ntle"]`,
    `it's set I ["shop", ""]`,
    String.raw`it's set U ["shop", "tab"] ["site", "ti\ntle"]`,
    "visit D",
    "visit U",
  ],
  views: [],
  tags: false,
};

/** The same tables with what 0.3 brought: views of their histories, of a table, a partitioned one and odd names. */
const third: Former = {
  ...second,
  version: "0.3.0",
  tables: `${second.tables};
    create table ledger (id integer generated always as identity primary key, paid numeric, spans int4range[], note text, pin text)`,
  enables: [
    ["people", "--exclude", "hair_color", "--redact", "*_token", "--view"],
    ["event", "--images", "full", "--view-name", "{schema}_{table}"],
    ['"Odd.Pair"', "--retain", "90d", "--images", "lean", "--view"],
    ["counted", "--on-truncate", "record", "--always", "--view"],
    ["depot.part"],
    [
      `"it's set"`,
      "--key",
      'scope,"na""me"',
      "--redact",
      "secret",
      "--images",
      "full",
      "--view-name",
      'the "log"',
    ],
    ["invoice", "--only", 'total,"is paid"', "--oversize", "digest"],
    ["visit", "--no-key", "--statement", "--view"],
    ["ledger", "--redact", "pin", "--retain", "1 year", "--view"],
  ],
  known: [...second.known, ["ledger", "id, paid, spans, note"]],
  written: [
    ...second.written,
    "insert into ledger (paid, spans, note, pin) values (1.50, '{\"[1,5)\",empty}', 'a', 's3cret'), (null, null, null, null)",
    "update ledger set paid = 2.0, pin = 's3cret!' where id = 1; delete from ledger where id = 2",
  ],
  goingOn: [
    ...second.goingOn,
    "insert into ledger (paid, pin) values (0, 's3cret'); update ledger set spans = '{\"[7,)\"}' where id = 1; delete from ledger where id = 3",
  ],
  recorded: [...second.recorded, "ledger D 3", "ledger I 3", "ledger U 1"],
  views: [
    "people_history",
    "public_event",
    '"Odd.Pair_history"',
    "counted_history",
    '"the ""log"""',
    "visit_history",
    "ledger_history",
  ],
  tags: true,
};

export const formers: readonly Former[] = [first, second, third];

/** Puts the objects of a former version beside its tables, as a superuser's installation or as that of a role without rights. */
export async function installFormer(
  sql: TestSql,
  { superuser, version }: { readonly superuser: boolean; readonly version: string },
): Promise<void> {
  const text = readFileSync(new URL(`../fixtures/installed-${version}.sql`, import.meta.url), "utf8");
  const parts = new Map(
    text
      .split(/^-- part: /m)
      .slice(1)
      .map((part) => [part.slice(0, part.indexOf("\n")), part.slice(part.indexOf("\n"))]),
  );
  const wanted = superuser ? ["objects", "with roles", "generated"] : ["objects", "without roles", "guarded"];
  for (const name of wanted) {
    const script = parts.get(name);
    if (script === undefined) throw new Error(`The fixture has no part "${name}".`);
    await sql.unsafe(`begin; ${script}; commit`).simple();
  }
}
