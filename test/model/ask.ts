import { runCli } from "../helpers/runCli.ts";
import type { PastHistory } from "./making.ts";
import type { TrueRow } from "./truth.ts";
import { keyColumns, type LiveTable, qualifiedName } from "./world.ts";

/** Runs a command, in which TABLE stands for the table: its items. An answer that is no answer throws. */
export type Ask = <T>(table: LiveTable, ...words: readonly string[]) => Promise<T[]>;

/**
 * Binds the command to a history's database and counts by command; every instant it speaks of has to be of the precision
 * that the server allows.
 */
export function askOf(url: string, { world, commitTimes }: PastHistory, asked: Map<string, number>): Ask {
  return async <T>(table: LiveTable, ...words: readonly string[]) => {
    const [command = ""] = words;
    asked.set(command, (asked.get(command) ?? 0) + 1);
    const args = words.map((word) => (word === "TABLE" ? qualifiedName(world, table) : word));
    const { code, stdout, stderr } = await runCli([...args, "--json"], {
      env: { DATABASE_URL: url, TZ: "UTC" },
    });
    if (code !== 0) throw new Error(`audit ${args.join(" ")} ended with ${code}: ${stderr}`);
    const answer = JSON.parse(stdout) as Answer<T>;
    for (const instant of [answer.at, answer.from, answer.to])
      if (instant !== undefined && instant.precision !== expectedPrecision(instant.typed, commitTimes))
        throw new Error(`audit ${args.join(" ")} calls ${instant.typed} ${instant.precision}`);
    return answer.items;
  };
}

interface SaidInstant {
  readonly typed: string;
  readonly precision: string;
}

interface Answer<T> {
  readonly items: T[];
  readonly at?: SaidInstant;
  readonly from?: SaidInstant;
  readonly to?: SaidInstant;
}

/** Tags were set all along. */
function expectedPrecision(typed: string, commitTimes: boolean): string {
  return commitTimes || typed.startsWith("tag:") ? "exact" : "approx";
}

/** A row's key as arguments of a command. */
export function keyWords(table: LiveTable, row: TrueRow): string[] {
  return keyColumns(table).map(({ name, attnum }) => `${name}=${row.get(attnum)}`);
}
