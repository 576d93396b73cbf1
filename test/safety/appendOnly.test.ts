import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { auditOf } from "../helpers/auditOf.ts";
import type { TestSql } from "../helpers/client.ts";
import { useDatabase } from "../helpers/useDatabase.ts";

const database = useDatabase({ installed: true });
/** Installed by its owner, who is no superuser. */
const owned = useDatabase();

const mark = randomBytes(4).toString("hex");
const roles = {
  installer: `installer_${mark}`,
  tableOwner: `keeper_${mark}`,
  application: `app_${mark}`,
  reader: `reader_${mark}`,
};

/** An instant between the one row's insert and its update, in each of the two databases. */
const between = new Map<string, string>();

beforeAll(async () => {
  const names = Object.values(roles);
  await database.sql.unsafe(names.map((name) => `create role ${name} login password 'x'`).join("; "));
  await database.sql.unsafe(`grant audit_reader to ${roles.reader}`);
  await database.sql.unsafe(`
    create schema shop authorization ${roles.tableOwner};
    grant usage on schema shop to ${roles.application}`);
  await fill(database.url, database.sql, roles.tableOwner);
  await database.sql.unsafe(`grant all on shop.item to ${roles.application}`);

  await owned.sql.unsafe(`
    alter database "${owned.name}" owner to ${roles.installer};
    create schema shop authorization ${roles.installer}`);
  const url = new URL(owned.url);
  url.username = roles.installer;
  url.password = "x";
  await fill(url.href, owned.sql, roles.installer);
});

afterAll(async () => {
  await owned.sql.unsafe(`alter database "${owned.name}" owner to current_user`);
  for (const { sql } of [owned, database]) {
    await sql.unsafe(`drop owned by ${Object.values(roles).join(", ")} cascade`);
  }
  await database.sql.unsafe(`drop role ${Object.values(roles).join(", ")}`);
});

async function fill(url: string, superuser: TestSql, owner: string): Promise<void> {
  const audit = auditOf({ url });
  await audit("init");
  await superuser.unsafe(`
    create table shop.item (id int primary key, name text);
    alter table shop.item owner to ${owner}`);
  await audit("enable", "shop.item");
  await superuser.unsafe("insert into shop.item values (1, 'a')");
  const [now] = await superuser<{ at: string }[]>`select clock_timestamp()::text as at`;
  between.set(superuser === owned.sql ? "owned" : "database", now?.at ?? "");
  await superuser.unsafe(
    "update shop.item set name = 'b'; create schema elsewhere; grant usage on schema elsewhere to public",
  );
  await superuser.unsafe(
    "create function elsewhere.nothing() returns trigger language plpgsql as 'begin return null; end'",
  );
}

const columns = "relation, op, key, db_user, segment";
const forged = "1, 'I', '99', 'nobody', 1";

/** What each operation is, and what tells afterwards that it was done: a query that finds something then. */
const operations = {
  insert: { run: `insert into audit.change (${columns}) values (${forged})`, trace: "contradiction" },
  update: { run: "update audit.change set actor = 'somebody else'", trace: "" },
  delete: { run: "delete from audit.change", trace: "" },
  truncate: { run: "truncate audit.change", trace: "" },
  "drop a segment": {
    run: "drop table audit.change_1",
    trace: "select from audit.segment where to_regclass('audit.change_' || id) is null",
  },
  "detach a segment": {
    run: "alter table audit.change detach partition audit.change_1",
    trace: `select from audit.segment where not exists (
      select from pg_inherits where inhparent = 'audit.change'::regclass and inhrelid = to_regclass('audit.change_' || id))`,
  },
  "disable the triggers": {
    run: "alter table audit.change disable trigger user",
    trace:
      "select from pg_trigger where tgrelid = 'audit.change'::regclass and tgname like '\\_append\\_only%' and tgenabled <> 'A'",
  },
  "alter a column": {
    run: "alter table audit.change alter column at set default '2000-01-01'",
    trace:
      "select from pg_attrdef where adrelid = 'audit.change'::regclass and adnum = 2 and pg_get_expr(adbin, adrelid) <> 'clock_timestamp()'",
  },
  "copy from": { run: `copy audit.change (${columns}) from stdin`, trace: "contradiction" },
  "create a trigger": {
    run: "create trigger mine before insert on audit.change for each row execute function elsewhere.nothing()",
    trace:
      "select from pg_trigger where tgrelid = 'audit.change'::regclass and tgname not like '\\_append\\_only%'",
  },
} as const;

type Operation = keyof typeof operations;

/** Denied by the server, refused by our guard, or possible. */
type Outcome = "42501" | "UA005" | "possible";

/** Who owns a table can do with it as they like: the guard stops what they do by mistake, and the rest leaves traces. */
const ownersOutcomes: Readonly<Record<Operation, Outcome>> = {
  insert: "possible",
  update: "UA005",
  delete: "UA005",
  truncate: "UA005",
  "drop a segment": "possible",
  "detach a segment": "possible",
  "disable the triggers": "possible",
  "alter a column": "possible",
  "copy from": "possible",
  "create a trigger": "possible",
};
const nothing = Object.fromEntries(Object.keys(operations).map((name) => [name, "42501"])) as Record<
  Operation,
  Outcome
>;

const actors: readonly {
  readonly who: string;
  /** Whose installation it is. */
  readonly place: "database" | "owned";
  readonly become: string;
  readonly outcomes: Readonly<Record<Operation, Outcome>>;
}[] = [
  { who: "a superuser", place: "database", become: "select 1", outcomes: ownersOutcomes },
  {
    who: "the owner of the log, no superuser",
    place: "owned",
    become: `set local session authorization ${roles.installer}`,
    outcomes: ownersOutcomes,
  },
  {
    who: "the owner of an audited table",
    place: "database",
    become: `set local session authorization ${roles.tableOwner}`,
    outcomes: nothing,
  },
  {
    who: "an application user with all rights on the table",
    place: "database",
    become: `set local session authorization ${roles.application}`,
    outcomes: nothing,
  },
  {
    who: "a member of audit_reader",
    place: "database",
    become: `set local session authorization ${roles.reader}`,
    outcomes: nothing,
  },
  {
    who: "audit_writer itself, which adds changes and does nothing else",
    place: "database",
    become: "set local role audit_writer",
    outcomes: { ...nothing, insert: "possible", "copy from": "possible" },
  },
];

class RolledBack extends Error {}

/** Tries an operation and takes it back: how it ended, and whether it left the trace. */
async function attempt(
  { place, become }: { readonly place: "database" | "owned"; readonly become: string },
  operation: Operation,
): Promise<{ readonly outcome: string; readonly traced: boolean | undefined }> {
  const { sql } = place === "owned" ? owned : database;
  const { run, trace } = operations[operation];
  let traced: boolean | undefined;
  try {
    await sql.begin(async (transaction) => {
      await transaction.unsafe(become);
      if (run.startsWith("copy")) await copyIn(transaction, run);
      else await transaction.unsafe(run);
      await transaction.unsafe("reset role; reset session authorization");
      if (trace === "contradiction") {
        await transaction.unsafe("savepoint reading");
        const error = await transaction
          .unsafe(`select * from audit.at(null::shop.item, '${between.get(place)}')`)
          .then(
            () => undefined,
            (reason: { code?: string }) => reason,
          );
        traced = error?.code === "UA004";
        await transaction.unsafe("rollback to savepoint reading");
      } else traced = (await transaction.unsafe(trace)).length > 0;
      throw new RolledBack();
    });
  } catch (error) {
    if (error instanceof RolledBack) return { outcome: "possible", traced };
    return { outcome: (error as { code: string }).code, traced };
  }
  throw new Error("The transaction was to be rolled back.");
}

async function copyIn(sql: TestSql | import("postgres").TransactionSql, statement: string): Promise<void> {
  const stream = await sql.unsafe(statement).writable();
  await new Promise<void>((resolve, reject) => {
    stream.on("error", reject);
    stream.on("finish", () => resolve());
    stream.end("1\tI\t99\tnobody\t1\n");
  });
}

describe.each(actors)("$who", (actor) => {
  it.each(Object.entries(actor.outcomes) as [Operation, Outcome][])("%s: %s", async (operation, outcome) => {
    expect(await attempt(actor, operation)).toEqual({
      outcome,
      traced: outcome === "possible" ? true : undefined,
    });
  });
});

it("is a table of sixty cells", () => {
  expect(actors.flatMap(({ outcomes }) => Object.keys(outcomes))).toHaveLength(60);
});

describe("the guard", () => {
  /** What a superuser in replica role can do to the log. */
  async function inReplicaRole(statement: string): Promise<unknown> {
    return database.sql.begin(async (sql) => {
      await sql.unsafe("set local session_replication_role = replica");
      await sql.unsafe(statement);
    });
  }

  it.each([
    "update audit.change set actor = 'x'",
    "delete from audit.change",
    "truncate audit.change",
    "update audit.change_1 set actor = 'x'",
    "delete from only audit.change_1",
    "truncate audit.change_1",
  ])("stands in replica role, too: %s", async (statement) => {
    await expect(inReplicaRole(statement)).rejects.toMatchObject({ code: "UA005" });
  });

  async function guards(): Promise<{ name: string; state: string }[]> {
    return database.sql<{ name: string; state: string }[]>`
      select format('%s.%s', tgrelid::regclass, tgname) as name, tgenabled as state
      from pg_trigger
      where tgrelid in (select relid from pg_partition_tree('audit.change')) and tgname like '\\_append\\_only%'
      order by 1`;
  }

  it("is ENABLE ALWAYS on the log and on every segment, after a rotation and after init again", async () => {
    await database.sql.unsafe("select audit._open_segment(1)");
    const names = ["change", "change_1", "change_2"].flatMap((table) => [
      `audit.${table}._append_only`,
      `audit.${table}._append_only_truncate`,
    ]);
    const always = names.map((name) => ({ name, state: "A" }));
    expect(await guards()).toEqual(always);
    // As they were in installations of former days.
    await database.sql.unsafe(`
      alter table audit.change enable trigger _append_only, enable trigger _append_only_truncate;
      alter table audit.change_1 enable trigger _append_only_truncate`);
    expect(await guards()).not.toEqual(always);
    await auditOf(database)("init");
    expect(await guards()).toEqual(always);
  });
});
