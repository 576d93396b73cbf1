import { connectTo, type TestSql } from "./client.ts";

/** What a transaction of the log did, found by looking at every change. */
export interface NaiveTransaction {
  readonly tx: string;
  readonly era: number;
  readonly first_id: string;
  readonly last_id: string;
  readonly changes: number;
}

/** Tables for writeAtOnce: one keeps its changes in segments of its own. */
export const busyTables = `
  create table item (id integer primary key, n integer);
  create table kept (id integer primary key, n integer);
  insert into item select g, 0 from generate_series(1, 400) as g;
  insert into kept select g, 0 from generate_series(1, 400) as g`;

/**
 * Several sessions write at once, transactions of all sizes, some of them open while many others come and go, some
 * rolled back. Each session has rows of its own, but for one.
 */
export async function writeAtOnce(
  url: string,
  { sessions, rounds, seed }: { readonly sessions: number; readonly rounds: number; readonly seed: number },
): Promise<void> {
  const random = randomFrom(seed);
  await Promise.all(
    Array.from({ length: sessions }, async (_, session) => {
      const sql = connectTo(url, { max: 1 });
      try {
        for (let round = 0; round < rounds; round++) await writeOnce(sql, session, random);
      } finally {
        await sql.end();
      }
    }),
  );
}

async function writeOnce(sql: TestSql, session: number, random: (below: number) => number): Promise<void> {
  const parts = random(6) === 0 ? 2 + random(6) : 1;
  const actor = ["", "ana", "bob"][random(3)];
  const statements = [`begin; set local audit.actor = '${actor}'`];
  // The one row that all of them share comes first, so that they wait and never deadlock.
  if (random(4) === 0) statements.push("update item set n = n + 1 where id = 400");
  for (let part = 0; part < parts; part++) {
    const first = session * 50 + 1 + random(20);
    const last = first + (random(8) === 0 ? 29 : random(4));
    const table = random(3) === 0 ? "kept" : "item";
    if (part > 0) statements.push(`select pg_sleep(${random(20) / 1000})`);
    if (random(10) === 0) statements.push("set local audit.actor = 'eve'");
    statements.push(`update ${table} set n = n + 1 where id between ${first} and ${last}`);
  }
  statements.push(random(10) === 0 ? "rollback" : "commit");
  await sql.unsafe(statements.join("; ")).simple();
}

/** Every transaction of the log, newest first: by the change of it with the greatest number. */
export async function naiveTransactions(sql: TestSql, condition = "true"): Promise<NaiveTransaction[]> {
  const rows = await sql.unsafe<NaiveTransaction[]>(`
    select
      change.xid::text as tx,
      (select max(era) from audit.installation where first_id <= change.id) as era,
      min(change.id)::text as first_id, max(change.id)::text as last_id, count(*)::integer as changes
    from audit.change
    where ${condition}
    group by 1, 2
    order by max(change.id) desc`);
  return [...rows];
}

/** Lets a superuser change what is in the log, as nobody may. */
export async function rewriteLog(sql: TestSql, statement: string): Promise<void> {
  await sql.begin(async (transaction) => {
    await transaction.unsafe(
      "set local session_replication_role = replica; set local audit.maintenance = 'prune'",
    );
    await transaction.unsafe(statement);
  });
}

/** Numbers from 0 up to, but without, `below`; the same for the same seed. */
function randomFrom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return Math.floor((state / 2_147_483_648) * below);
  };
}
