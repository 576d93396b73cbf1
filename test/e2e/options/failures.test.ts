import { describe, expect, it } from "vitest";
import { auditOf } from "../../helpers/auditOf.ts";
import { connectTo } from "../../helpers/client.ts";
import { useDatabase } from "../../helpers/useDatabase.ts";

const database = useDatabase({ installed: true });
const audit = auditOf(database);

/** What may be amiss, as the SQL that brings it about; hot is the segment that the triggers write to. */
const faults: readonly (readonly [what: string, breakIt: (hot: string) => string])[] = [
  ["no INSERT on the log", () => "revoke insert on audit.change from audit_writer, audit_truncate"],
  ["no USAGE on the schema", () => "revoke usage on schema audit from audit_writer, audit_truncate"],
  [
    "no USAGE on the sequence",
    () => "revoke usage on sequence audit.change_id from audit_writer, audit_truncate",
  ],
  ["the hot segment detached", (hot) => `alter table audit.change detach partition ${hot}`],
  ["the hot segment dropped", (hot) => `drop table ${hot}`],
  ["the function of the hot segment dropped", () => "drop function audit._hot_1()"],
  ["the log dropped", () => "drop table audit.change cascade"],
];

const writes = [
  ["INSERT", "insert into item select n, 'new' from generate_series(10, 30) as n"],
  ["UPDATE", "update item set note = 'changed'"],
  ["DELETE", "delete from item where id > 1"],
  ["TRUNCATE", "truncate item"],
] as const;

const tables = [
  ["statement by statement", ""],
  [
    "row by row",
    `create or replace function harmless() returns trigger language plpgsql as 'begin return null; end';
     create trigger harmless after insert or update or delete on item for each row execute function harmless()`,
  ],
] as const;

interface Told {
  readonly message: string;
  readonly where?: string;
  readonly internal_query?: string;
}

describe.each(tables)("A change, captured %s, that cannot be recorded", (_kind, prepare) => {
  it.each(faults)("makes the write fail and undoes it, and says why: %s", async (_fault, breakIt) => {
    await database.sql.unsafe(`
      drop table if exists item;
      create table item (id int primary key, note text);
      insert into item select n, 'old' from generate_series(1, 3) as n`);
    if (prepare) await database.sql.unsafe(prepare);
    await audit("enable", "item");
    const [hot] = await database.sql<{ name: string }[]>`
      select format('audit.change_%s', hot_segment) as name from audit.retention where name = 'forever'`;
    for (const warm of [true, false]) {
      const session = connectTo(database.url, { max: 1 });
      try {
        // What it has planned before, a session uses again.
        if (warm) await session.unsafe("update item set note = 'seen' where id = 3");
        await session.unsafe("begin");
        await session.unsafe(breakIt(hot?.name ?? ""));
        for (const [operation, statement] of writes) {
          const before = await session.unsafe("select * from item order by id");
          await session.unsafe("savepoint whole");
          const error = await session.unsafe(statement).then(
            (): Told => ({ message: "the write went through" }),
            (reason: Told) => reason,
          );
          await session.unsafe("rollback to whole");
          // Of a statement that cannot even be parsed the text comes apart from the context.
          const { message, where = "", internal_query: query = "" } = error;
          const told = `${message}\n${query}\n${where}`;
          expect({ operation, warm, told }).toEqual({
            operation,
            warm,
            told: expect.stringMatching(
              /audit: the (?:change of public\.item|TRUNCATE) could not be recorded[\s\S]*audit check/,
            ),
          });
          expect(await session.unsafe("select * from item order by id")).toEqual(before);
        }
        await session.unsafe("rollback");
      } finally {
        await session.end();
      }
    }
  });
});

it.skip("on a full disk: needs a file system of its own, which no test can ask for everywhere", () => {});
