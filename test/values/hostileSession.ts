import { connectTo, type TestSql } from "../helpers/client.ts";
import type { SettingSet } from "./settingSets.ts";

/** Locales are what a server may lack; of all other settings a refusal is an error. */
const mayLack = /^lc_/;

/** Does something in a fresh session under the settings, so that nothing was compiled or planned under others. */
export async function underSettings<T>(
  url: string,
  { settings }: SettingSet,
  work: (sql: TestSql) => Promise<T>,
): Promise<T> {
  const sql = connectTo(url, { max: 1 });
  try {
    // The driver asks for types first: afterwards the session is ours.
    await sql`select 1`;
    for (const [name, value] of Object.entries(settings)) {
      await sql.unsafe(`set ${name} = ${written(name, value)}`).catch((error: Error) => {
        if (!mayLack.test(name)) throw error;
      });
    }
    return await work(sql);
  } finally {
    await sql.end({ timeout: 5 });
  }
}

/** A path is a list of names; all else is a text, without a backslash that some set might read in its own way. */
function written(name: string, value: string): string {
  return name === "search_path" && value !== "" ? value : `'${value}'`;
}
