import postgres from "postgres";
import { connectTo, type TestSql } from "../helpers/client.ts";
import type { Random } from "./random.ts";

/**
 * Faults that random statements meet by themselves: constraints, rows touched twice by one statement, locks of
 * others, tables with pending triggers, TRUNCATE where the audit refuses it, casts and lengths that do not fit.
 */
const expectedFaults = /^(23|40|21000|27000|55P03|55006|UA005|22P02|22001|22003|22P05|42804|2BP01|0A000)/;

/** One connection of an application. All its statements are kept, for the report of a failure. */
export interface Session {
  readonly sql: TestSql;
  /** Runs one statement; the SQLSTATE where it was refused for a reason that random statements meet. */
  run(statement: string): Promise<string | undefined>;
  /** The same inside a savepoint, so that a refusal leaves the transaction as it was. */
  attempt(statement: string): Promise<string | undefined>;
  end(): Promise<void>;
}

/** Opens a session with settings of its own that change the text of values; `log` hears every statement. */
export async function openSession(
  url: string,
  schema: string,
  label: string,
  random: Random,
  log: (line: string) => void,
): Promise<Session> {
  const sql = connectTo(url, { max: 1 });
  await sql.unsafe(
    [
      `set search_path = ${schema}`,
      "set lock_timeout = '30ms'",
      `set timezone = '${random.pick(["UTC", "Asia/Kolkata", "America/St_Johns"])}'`,
      `set datestyle = '${random.pick(["ISO, YMD", "SQL, DMY", "German"])}'`,
      `set bytea_output = '${random.pick(["hex", "escape"])}'`,
      `set extra_float_digits = ${random.pick(["1", "0", "-5"])}`,
      `set intervalstyle = '${random.pick(["postgres", "iso_8601", "sql_standard"])}'`,
    ].join("; "),
  );
  const run = async (statement: string) => {
    try {
      await sql.unsafe(statement);
      log(`${label}: ${line(statement)};`);
      return undefined;
    } catch (error) {
      const code = error instanceof postgres.PostgresError ? error.code : "";
      log(`${label}: ${line(statement)}; -- ${code} ${error instanceof Error ? error.message : ""}`);
      if (expectedFaults.test(code)) return code;
      throw new Error(`${label}: ${statement}\nfailed unexpectedly`, { cause: error });
    }
  };
  return {
    sql,
    run,
    attempt: async (statement) => {
      await run("savepoint attempt");
      const code = await run(statement);
      await run(code === undefined ? "release attempt" : "rollback to attempt");
      return code;
    },
    end: () => sql.end({ timeout: 5 }),
  };
}

function line(statement: string): string {
  return statement.replaceAll(/\s+/g, " ");
}
