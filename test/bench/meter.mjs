// How much a statement takes: time, and bytes of WAL.
import { readFile } from "node:fs/promises";

/**
 * A clock for one connection, in microseconds. It reads the processor time of the server process behind it, where Linux
 * tells that of one on this machine: other load disturbs it far less than the time of day. Else it takes that.
 */
export async function createClock(sql) {
  const [{ pid }] = await sql`select pg_backend_pid() as pid`;
  const byProcessor = (await processorTime(pid)) > 0;
  return {
    unit: byProcessor ? "processor time of the server process" : "wall time",
    now: async () => (byProcessor ? await processorTime(pid) : performance.now() * 1000),
  };
}

/** A meter for one connection, by its clock. */
export async function createMeter(sql) {
  const { unit, now } = await createClock(sql);
  const lsn = async () => (await sql`select pg_current_wal_insert_lsn()::text as lsn`)[0].lsn;
  return {
    unit,
    /** Runs the statement; microseconds and bytes of WAL per row. */
    take: async (statement, rows) => {
      const from = await lsn();
      const began = await now();
      await sql.unsafe(statement);
      const micros = (await now()) - began;
      const [{ bytes }] =
        await sql`select pg_wal_lsn_diff(pg_current_wal_insert_lsn(), ${from}::pg_lsn)::float8 as bytes`;
      return { micros: micros / rows, wal: bytes / rows };
    },
  };
}

/** Microseconds on a processor so far; 0 where that cannot be read. */
async function processorTime(pid) {
  try {
    // Its last stretch is counted once it waits for the next statement.
    while (!/^\d+ \(.*\) S /s.test(await readFile(`/proc/${pid}/stat`, "utf8")));
    const [nanoseconds] = (await readFile(`/proc/${pid}/schedstat`, "utf8")).split(" ");
    return Number(nanoseconds) / 1000;
  } catch {
    return 0;
  }
}
