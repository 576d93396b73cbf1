import { beforeAll, describe, expect, it, vi } from "vitest";
import { withReading } from "../../src/db/reading.ts";
import { type FoundTransaction, findTransaction, findTransactionOf } from "../../src/db/transaction.ts";
import { auditOf } from "../helpers/auditOf.ts";
import {
  busyTables,
  type NaiveTransaction,
  naiveTransactions,
  rewriteLog,
  writeAtOnce,
} from "../helpers/busyLog.ts";
import { fakeIo } from "../helpers/fakeIo.ts";
import { useDatabase } from "../helpers/useDatabase.ts";

describe("finding a transaction without an index on it", () => {
  const database = useDatabase({ installed: true });
  const audit = auditOf(database);

  beforeAll(async () => {
    await database.sql.unsafe(busyTables);
    await audit("enable", "item");
    await audit("enable", "kept", "--retain", "30d");
    await writeAtOnce(database.url, { sessions: 6, rounds: 80, seed: 1 });
  });

  const plain = (found: FoundTransaction | undefined): NaiveTransaction | undefined =>
    found && {
      tx: found.tx,
      era: found.era.era,
      first_id: found.firstId,
      last_id: found.lastId,
      changes: found.changes,
    };

  /** Transactions from all over the log are found by their own numbers, by a first change and by a last one. */
  async function expectFound(): Promise<void> {
    const naive = await naiveTransactions(database.sql);
    expect(naive.length).toBeGreaterThan(300);
    const newest = naive.filter(({ tx, era }) => !naive.some((other) => other.tx === tx && other.era > era));
    await withReading({ databaseUrl: database.url }, fakeIo(), async (reading) => {
      for (const expected of spread(newest, 40))
        expect(plain(await findTransaction(reading, expected.tx))).toEqual(expected);
      for (const expected of spread(naive, 20)) {
        expect(plain(await findTransactionOf(reading, expected.first_id))).toEqual(expected);
        expect(plain(await findTransactionOf(reading, expected.last_id))).toEqual(expected);
      }
    });
  }

  it("is right while several write at once", expectFound);

  it("finds nothing where there is nothing", async () => {
    await withReading({ databaseUrl: database.url }, fakeIo(), async (reading) => {
      for (const tx of ["0", "3", "4294967296", "9223372036854775807"])
        expect(await findTransaction(reading, tx)).toBe(undefined);
      expect(await findTransactionOf(reading, "0")).toBe(undefined);
      expect(await findTransactionOf(reading, "9223372036854775807")).toBe(undefined);
    });
  });

  it("is right with tags and over closed segments", async () => {
    await database.sql`select audit.tag('between')`;
    const [class_] = await database.sql<{ id: number; hot: number }[]>`
      select id, hot_segment as hot from audit.retention where name = '30d'`;
    await database.sql`select audit._open_segment(${class_?.id ?? 0})`;
    await database.sql`update audit.segment set closing_xid = pg_snapshot_xmax(pg_current_snapshot()) where state = 'closing'`;
    // Other tests' transactions on the same server hold it up.
    await vi.waitFor(() => database.sql`select audit._close_segment(${class_?.hot ?? 0})`, {
      timeout: 60_000,
      interval: 200,
    });
    await writeAtOnce(database.url, { sessions: 6, rounds: 60, seed: 2 });
    await database.sql`select audit.tag('after')`;
    await expectFound();
  });

  it("is right where pages are not in the order of time", async () => {
    await rewriteLog(database.sql, "delete from audit.change where id % 97 between 30 and 60");
    await database.sql`vacuum audit.change`;
    await writeAtOnce(database.url, { sessions: 4, rounds: 60, seed: 3 });
    await expectFound();
  });

  it("is right where beginnings are not known", async () => {
    await rewriteLog(
      database.sql,
      "update audit.change set began = null where id < (select percentile_disc(0.4) within group (order by id) from audit.change)",
    );
    await expectFound();
  });

  it("is right where a clock was set back", async () => {
    await rewriteLog(
      database.sql,
      `update audit.change set at = at - interval '1 hour', began = began - interval '1 hour'
       where segment = (select max(segment) from audit.change)
         and xid::text::bigint > (select percentile_disc(0.7) within group (order by xid::text::bigint) from audit.change)`,
    );
    await rewriteLog(
      database.sql,
      `update audit.change set at = at - interval '1 hour', began = began - interval '1 hour'
       where xid in (select xid from audit.change where at < (select max(began) - interval '30 minutes' from audit.change) and began is not null)
         and at > (select max(began) - interval '30 minutes' from audit.change)`,
    );
    await expectFound();
  });

  it("tells eras apart, the newest first", async () => {
    const [next] = await database.sql<{ id: string }[]>`select nextval('audit.change_id')::text as id`;
    const [old] = await naiveTransactions(database.sql);
    await database.sql`
      insert into audit.installation (era, version, system_identifier, first_id, roles, event_triggers)
      select 2, version, 1, ${next?.id ?? ""}::bigint, roles, event_triggers from audit.installation where era = 1`;
    await writeAtOnce(database.url, { sessions: 2, rounds: 20, seed: 4 });
    const [latest] = await naiveTransactions(database.sql);
    await rewriteLog(database.sql, `update audit.change set xid = '${old?.tx}' where xid = '${latest?.tx}'`);
    const [same] = await naiveTransactions(database.sql);
    expect(same).toMatchObject({ tx: old?.tx, era: 2 });
    await expectFound();
  });
});

/** About so many, evenly spread, the largest and the longest among them. */
function spread(transactions: readonly NaiveTransaction[], count: number): NaiveTransaction[] {
  const span = ({ first_id, last_id }: NaiveTransaction) => Number(BigInt(last_id) - BigInt(first_id));
  const step = Math.max(1, Math.floor(transactions.length / count));
  return [
    ...transactions.filter((_, index) => index % step === 0),
    ...[...transactions].sort((one, other) => span(other) - span(one)).slice(0, 10),
  ];
}
