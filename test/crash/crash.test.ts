import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { connectTo, type TestSql } from "../helpers/client.ts";
import { comparable, type LogChange, readLog } from "./log.ts";
import { differingPast, differingPresent } from "./present.ts";
import { checkTokens, type Reckoning, reckon, repeatedIds } from "./reckoning.ts";
import { replay } from "./replay.ts";
import { type Aftermath, runCrashes } from "./run.ts";
import { spoil } from "./spoil.ts";
import { recordedColumns, tables } from "./tables.ts";
import { Truth } from "./truth.ts";
import { readWal } from "./wal.ts";

const { env } = process;

/** TEST_SEED gives the same writers and the same order of faults again, though not the same moments. */
const seed = Number(env.TEST_SEED || Math.floor(Math.random() * 1e6));
const plan = {
  major: inject("postgresMajor"),
  seed,
  writers: Number(env.CRASH_WRITERS || 8),
  faults: {
    server: Number(env.CRASH_SERVER_KILLS || 3),
    writer: Number(env.CRASH_WRITER_KILLS || 3),
    backend: Number(env.CRASH_BACKEND_KILLS || 2),
  },
  commitsBetween: Number(env.CRASH_COMMITS || 30),
  standstillEvery: 4,
};
const faults = plan.faults.server + plan.faults.writer + plan.faults.backend;
const patience = 120_000 + faults * 15_000;

describe(`after kill -9 of the server, of writers and of backends, with TEST_SEED=${seed},`, {
  timeout: patience,
}, () => {
  const truth = new Truth();
  let aftermath: Aftermath;
  let sql: TestSql;
  let log: LogChange[];
  let reckoning: Reckoning;

  beforeAll(async () => {
    const started = performance.now();
    aftermath = await runCrashes(plan);
    const broken = performance.now();
    sql = connectTo(aftermath.url);
    truth.add(await readWal(sql));
    log = await readLog(sql);
    reckoning = reckon(truth.entries, comparable(log));
    report(started, broken);
  }, patience);

  afterAll(async () => {
    await sql?.end({ timeout: 5 });
    await aftermath?.clear();
  });

  it("every committed change is in the log once, with its values, and nothing else", () => {
    const { missing, surplus, differing } = reckoning;
    const counts = { missing: missing.length, surplus: surplus.length, differing: differing.length };
    const examples = [missing, surplus, differing].flatMap((list) => list.slice(0, 5));
    expect({ ...counts, examples }).toEqual({ missing: 0, surplus: 0, differing: 0, examples: [] });
    expect(reckoning.matched).toBe(truth.entries.length);
    expect(repeatedIds(log)).toEqual([]);
  });

  it("no acknowledged commit is lost, and nothing that was rolled back is there", async () => {
    expect(checkTokens(aftermath.testimony.fates, truth.tokens, log)).toEqual([]);
    const present = await sql<{ token: string }[]>`select token from ledger`;
    expect(present.map(({ token }) => token).toSorted()).toEqual([...truth.tokens.keys()].toSorted());
    // Written only after savepoints that were rolled back.
    expect(log.filter(({ old, new: after }) => JSON.stringify([old, after]).includes("ghost"))).toEqual([]);
  });

  it("every transaction of the log was committed", async () => {
    const others = await sql`
      select xid from (select distinct xid from audit.history) as recorded
      where pg_xact_status(xid) is distinct from 'committed'`;
    expect([...others]).toEqual([]);
  });

  it.each(tables)("replaying the log of $name gives the table", async (table) => {
    const columns = recordedColumns(table);
    const { rows, unfitting } = replay(log.filter((change) => change.table === table.name));
    expect(unfitting).toEqual([]);
    expect(await differingPresent(sql, table.name, columns, [...rows.values()])).toEqual([]);
    const whole = [...(truth.tables.get(table.name)?.values() ?? [])];
    expect(await differingPresent(sql, table.name, Object.keys(table.columns), whole)).toEqual([]);
    // A table that is truncated may be empty at the end.
    if (!table.truncated) expect(rows.size).toBeGreaterThan(0);
  });

  it("audit.at gives every table as it was while the writers paused", async () => {
    expect(aftermath.standstills.length).toBe(Math.floor(faults / plan.standstillEvery));
    expect(await differingPast(sql, aftermath.standstills)).toEqual([]);
  });

  it("the faults hit transactions under way, among enough others that were committed and rolled back", () => {
    const { testimony, hits } = aftermath;
    const count = (fate: string) => [...testimony.fates.values()].filter((one) => one === fate).length;
    expect(testimony.faults).toEqual([]);
    expect(count("committed")).toBeGreaterThanOrEqual(faults * plan.commitsBetween);
    expect(count("rolled back")).toBeGreaterThanOrEqual(faults * 5);
    expect(testimony.undone).toBeGreaterThanOrEqual(faults * 5);
    expect(testimony.cut.size).toBeGreaterThanOrEqual(faults);
    expect(testimony.found + aftermath.leftPrepared).toBeGreaterThan(0);
    expect(truth.entries.length).toBeGreaterThanOrEqual(faults * 100);
    // A writer may end its transaction in the moment between our look and its death.
    expect(hits.server + hits.backend).toBeGreaterThanOrEqual((plan.faults.server + plan.faults.backend) / 2);
    expect(hits.writer).toBeGreaterThanOrEqual(plan.faults.writer / 2);
    for (const { name } of tables) expect(log.some((change) => change.table === name)).toBe(true);
    for (const op of ["I", "U", "D", "T"]) expect(log.some((change) => change.op === op)).toBe(true);
  });

  it("a write past the audit is found missing, and a change that is lost, made up or falsified by its name", async () => {
    await sql.begin(async (transaction) => {
      await transaction`set local session_replication_role = replica`;
      await transaction`insert into pair (a, b, n, label) values (0, 'unseen', 0, 'unseen')`;
      await transaction`update pair set n = 1 where b = 'unseen'`;
      await transaction`delete from pair where b = 'unseen'`;
    });
    truth.add(await readWal(sql));
    const unseen = reckon(truth.entries, comparable(await readLog(sql)));
    expect(unseen).toMatchObject({ matched: reckoning.matched, surplus: [], differing: [] });
    expect(unseen.missing.map((text) => text.split(": ")[1]?.split(", old")[0])).toEqual(
      ["I", "U", "D"].map((op) => `${op} pair ["unseen","0"]`),
    );
    const spoilt = spoil(comparable(log));
    const known = truth.entries.slice(0, -3);
    const found = reckon(known, spoilt.entries);
    expect(found).toMatchObject({ matched: known.length - 2, ...spoilt.expected });
  });

  function report(started: number, broken: number): void {
    const { testimony, hits, leftPrepared } = aftermath;
    const count = (fate: string) => [...testimony.fates.values()].filter((one) => one === fate).length;
    const { missing, surplus, differing } = reckoning;
    const seconds = (from: number, to: number) => ((to - from) / 1000).toFixed(1);
    console.info(
      [
        `TEST_SEED=${seed}, PostgreSQL ${plan.major}, ${plan.writers} writers:`,
        `kill -9 of ${plan.faults.server} servers (${hits.server} hit), ${plan.faults.writer} writers (${hits.writer}), ${plan.faults.backend} backends (${hits.backend});`,
        `${count("committed")} commits acknowledged, ${count("rolled back")} rolled back, ${testimony.cut.size} cut, ${testimony.found + leftPrepared} found prepared, ${testimony.undone} savepoints undone, errors ${JSON.stringify(Object.fromEntries(testimony.errors))};`,
        `${truth.entries.length} changes, ${log.length} in the log, ${missing.length + surplus.length + differing.length} mismatches;`,
        `${seconds(started, broken)} s of faults, ${seconds(broken, performance.now())} s of reckoning`,
      ].join(" "),
    );
  }
});
