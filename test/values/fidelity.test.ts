import { beforeAll, describe, inject, it } from "vitest";
import { auditOf } from "../helpers/auditOf.ts";
import { useDatabase } from "../helpers/useDatabase.ts";
import { groupNames } from "./groups.ts";
import { proveFidelity } from "./prove.ts";
import { forms, makeAll } from "./tables.ts";

const database = useDatabase({ installed: true });
const audit = auditOf(database);
let lacking: ReadonlyMap<string, string>;

beforeAll(async () => {
  lacking = await makeAll(database.sql, inject("postgresMajor"));
  for (const form of forms) await audit("enable", "--schema", form);
});

describe.each(forms)("a %s table", (form) => {
  it.for(groupNames)("gives back every value of its %s, byte by byte", async (name, { skip }) => {
    const reason = lacking.get(name);
    if (reason !== undefined) return skip(reason);
    await proveFidelity(database.sql, form, name);
  });
});
