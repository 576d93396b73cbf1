import type { Random } from "./random.ts";
import { columnTypes, keyTypes } from "./values.ts";

/** What is special about a table of the model; each kind has moves of its own beside those of all. */
export type Kind =
  | "plain"
  | "pair"
  | "touched"
  | "neighbours"
  | "defaults"
  | "phoenix"
  | "volatile"
  | "tree"
  | "parts"
  | "late";

/** A table as it is made, before its first change. */
export interface TableDesign {
  readonly kind: Kind;
  readonly name: string;
  /** In key order. */
  readonly key: readonly string[];
  readonly excluded: readonly string[];
  /** Columns that triggers or functions of the table's own name: DDL leaves them alone. */
  readonly fixed: readonly string[];
  /** Whether the table itself may get another name. */
  readonly renamable: boolean;
  /** Whether its key is checked at the end of the statement or of the transaction. */
  readonly deferrable: boolean;
  readonly statements: readonly string[];
}

/** Every kind there is, but for the marks that concurrent transactions leave. */
export const kinds: readonly Kind[] = [
  "plain",
  "pair",
  "touched",
  "neighbours",
  "defaults",
  "phoenix",
  "volatile",
  "tree",
  "parts",
  "late",
];

/** One table of a kind, with columns, triggers and key as chance will have it. */
export function designTable(kind: Kind, random: Random): TableDesign {
  switch (kind) {
    case "plain":
      return designPlain(random);
    case "pair":
      return designPair(random);
    case "tree":
      return designTree(random);
    case "parts":
      return designParts(random);
    default:
      return designActive(kind, random);
  }
}

/** The key's timing. NOT deferrable is what upserts and foreign keys ask for. */
function keyTiming(random: Random): string {
  return random.weighted([
    [4, ""],
    [3, " deferrable initially immediate"],
    [3, " deferrable initially deferred"],
  ]);
}

function someColumns(random: Random, count: number): string[] {
  return random.sample(columnTypes, count).map((type, index) => `c${index + 1} ${type}`);
}

function maybeHidden(random: Random): string[] {
  return random.chance(0.6) ? ["hidden"] : [];
}

function hiddenColumn(excluded: readonly string[]): string[] {
  return excluded.map((name) => `${name} text`);
}

function createTable(name: string, columns: readonly string[], rest = ""): string {
  return `create table ${name} (${columns.join(", ")})${rest}`;
}

function designPlain(random: Random): TableDesign {
  const timing = keyTiming(random);
  const excluded = maybeHidden(random);
  const columns = [
    ...someColumns(random, 8),
    `id ${random.pick(keyTypes)}`,
    ...hiddenColumn(excluded),
    `constraint plain_pkey primary key (id)${timing}`,
  ];
  return {
    kind: "plain",
    name: "plain",
    key: ["id"],
    excluded,
    fixed: [],
    renamable: true,
    deferrable: timing !== "",
    statements: [createTable("plain", columns)],
  };
}

function designPair(random: Random): TableDesign {
  const timing = keyTiming(random);
  const excluded = maybeHidden(random);
  const columns = [
    "a integer",
    ...hiddenColumn(excluded),
    ...someColumns(random, 4),
    `"x y" ${random.pick(keyTypes)}`,
    `primary key ("x y", a)${timing}`,
  ];
  return {
    kind: "pair",
    name: "Odd.Pair",
    key: ["x y", "a"],
    excluded,
    fixed: [],
    renamable: true,
    deferrable: timing !== "",
    statements: [createTable('"Odd.Pair"', columns)],
  };
}

function designTree(random: Random): TableDesign {
  const excluded = maybeHidden(random);
  const columns = [
    "id integer primary key",
    "parent integer references tree on delete cascade on update cascade",
    "boss integer references tree on delete set null on update cascade",
    ...someColumns(random, 2),
    ...hiddenColumn(excluded),
  ];
  return {
    kind: "tree",
    name: "tree",
    key: ["id"],
    excluded,
    fixed: ["parent", "boss"],
    renamable: true,
    deferrable: false,
    statements: [createTable("tree", columns)],
  };
}

function designParts(random: Random): TableDesign {
  const excluded = maybeHidden(random);
  const extra = someColumns(random, 3);
  const columns = [
    "id integer not null",
    "n integer",
    "region text not null",
    ...hiddenColumn(excluded),
    ...extra,
  ];
  const triggered = random.chance(0.5);
  return {
    kind: "parts",
    name: "parts",
    key: ["region", "id"],
    excluded,
    fixed: triggered ? ["id", "n", "region"] : ["n"],
    renamable: !triggered,
    deferrable: false,
    statements: [
      createTable("parts", [...columns, "primary key (region, id)"], " partition by list (region)"),
      "create table parts_a partition of parts for values in ('a')",
      "create table parts_b partition of parts for values in ('b') partition by hash (id)",
      "create table parts_b_even partition of parts_b for values with (modulus 2, remainder 0)",
      "create table parts_b_odd partition of parts_b for values with (modulus 2, remainder 1)",
      // A leaf whose columns lie elsewhere than the root's.
      createTable("parts_rest", ["gone integer", ...columns.toReversed()]),
      "alter table parts_rest drop column gone",
      "alter table parts attach partition parts_rest default",
      ...(triggered
        ? trigger(
            random,
            "parts",
            "after insert or update",
            "update parts set n = coalesce(n, 0) + 1 where id = new.id and coalesce(n, 0) < 4",
          )
        : []),
    ],
  };
}

/** Tables whose own triggers or functions write to the rows being written. */
function designActive(kind: Exclude<Kind, "plain" | "pair" | "tree" | "parts">, random: Random): TableDesign {
  const timing = kind === "volatile" || random.chance(0.6) ? "" : keyTiming(random);
  const excluded = maybeHidden(random);
  const columns = [
    `id integer primary key${timing}`,
    "grp integer",
    "n integer",
    "chosen boolean",
    ...someColumns(random, 2),
    ...hiddenColumn(excluded),
  ];
  return {
    kind,
    name: kind,
    key: ["id"],
    excluded,
    fixed: ["id", "grp", "n", "chosen", ...excluded],
    renamable: false,
    deferrable: timing !== "",
    statements: [createTable(kind, columns), ...activity(kind, excluded.length > 0, random)],
  };
}

function activity(
  kind: Exclude<Kind, "plain" | "pair" | "tree" | "parts">,
  hidden: boolean,
  random: Random,
): string[] {
  const events = random.pick(["after insert", "after insert or update"]);
  // What a trigger sets: a counter, the excluded column (nothing to record), or nothing at all.
  const touch = random.weighted([
    [6, "n = coalesce(n, 0) + 1"],
    [hidden ? 2 : 0, "hidden = 'touched'"],
    [1, "n = n"],
  ]);
  switch (kind) {
    case "touched":
      return trigger(
        random,
        kind,
        events,
        random.weighted([
          [4, `update touched set ${touch} where id = new.id`],
          [4, `update touched set ${touch} where grp is not distinct from new.grp`],
          [2, "update touched set id = id + 20 where id = new.id and id < 20"],
          [2, "delete from touched where grp = new.grp and n > 2"],
          [2, "delete from touched where id = new.id + 1"],
          [
            2,
            `update touched set ${touch} where id = new.id; update touched set n = 9 - n where grp = new.grp`,
          ],
        ]),
      );
    case "neighbours":
      return trigger(
        random,
        kind,
        random.pick(["before insert", "before insert or update"]),
        random.pick([
          `update neighbours set ${touch} where grp = new.grp and id <> new.id`,
          `update neighbours set ${touch} where id < new.id`,
          "delete from neighbours where id = new.id + 1",
        ]),
      );
    case "defaults":
      return trigger(
        random,
        kind,
        "after insert or update",
        "if new.chosen then update defaults set chosen = false where grp = new.grp and id <> new.id and chosen; end if",
      );
    case "phoenix":
      return trigger(
        random,
        kind,
        random.pick(["after delete", "before delete"]),
        `if coalesce(old.n, 0) < 3 then
          old.n := coalesce(old.n, 0) + 1;
          ${random.pick([
            "execute 'insert into phoenix select ($1).*' using old",
            "old.id := old.id + 1; execute 'insert into phoenix select ($1).*' using old",
          ])};
        end if`,
        "old",
      );
    case "volatile":
      return [
        `create function touch(asked integer) returns integer language plpgsql volatile as $$
        begin
          update volatile set ${touch} where id = asked;
          return asked;
        end $$`,
      ];
    case "late":
      return [
        // What it does at commit fires it again: it has to come to an end.
        triggerFunction(
          "late",
          "update late set n = coalesce(n, 0) + 1 where id = new.id and coalesce(n, 0) < 4",
          "new",
        ),
        `create constraint trigger at_commit after insert or update on late
          deferrable initially deferred for each row execute function late_touch()`,
      ];
  }
}

/** A row trigger whose name sorts before or after the audit's, and how deep it goes on. */
function trigger(random: Random, table: string, when: string, act: string, result = "new"): string[] {
  const name = random.pick(['"!first"', "last"]);
  return [
    triggerFunction(table, act, result, random.pick([1, 1, 2])),
    `create trigger ${name} ${when} on ${table} for each row execute function ${table}_touch()`,
  ];
}

function triggerFunction(table: string, act: string, result: string, depth = 1): string {
  return `create function ${table}_touch() returns trigger language plpgsql as $$
    begin
      if pg_trigger_depth() <= ${depth} then
        ${act};
      end if;
      return ${result};
    end $$`;
}
