import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { describe, it } from "vitest";
import { useDatabase } from "../helpers/useDatabase.ts";
import { changesOf, together } from "./changes.ts";
import { forms } from "./forms.ts";
import { usePath } from "./usePath.ts";

const database = useDatabase({ installed: true });

const { inserted, truncated } = changesOf("item");

describe.each(forms)("COPY into a table %s", (_form, form) => {
  const path = usePath(database, form);
  const { audited, run, expectChanges } = path;

  const item = "create table item (id int primary key, name text, n int default 7)";

  /** COPY FROM STDIN, as a client does it. */
  async function copy(statement: string, data: string): Promise<void> {
    await pipeline(Readable.from([data]), await path.sql.unsafe(statement).writable());
  }

  it("records each row in the order of the file, defaults included", async () => {
    await audited(item);
    await copy("copy item (id, name) from stdin", "2\tb\n1\t\\N\n3\ttab\\there\n");
    await expectChanges(
      inserted("2", { id: "2", name: "b", n: "7" }),
      inserted("1", { id: "1", name: null, n: "7" }),
      inserted("3", { id: "3", name: "tab\there", n: "7" }),
    );
  });

  it("records rows as CSV brings them, and those the WHERE lets in only", async () => {
    await audited(item);
    await copy("copy item from stdin (format csv) where n > 1", '1,"a, ""b""",1\n2,,2\n3,"",3\n');
    await expectChanges(
      inserted("2", { id: "2", name: null, n: "2" }),
      inserted("3", { id: "3", name: "", n: "3" }),
    );
  });

  it("records more rows than COPY keeps in hand at once", async () => {
    await audited(item);
    const ids = Array.from({ length: 2500 }, (_, index) => String(index + 1));
    await copy("copy item (id) from stdin", `${ids.join("\n")}\n`);
    await expectChanges(...ids.map((id) => inserted(id, { id, name: null, n: "7" })));
  });

  it("records COPY FREEZE into a table truncated in the same transaction", async () => {
    await audited(`${item}; insert into item values (1, 'old', 1)`);
    await run("begin", "truncate item");
    await copy("copy item from stdin (freeze)", "1\tnew\t2\n");
    await run("commit");
    await expectChanges(
      truncated("1", { id: "1", name: "old", n: "1" }),
      inserted("1", { id: "1", name: "new", n: "2" }),
    );
  });

  it("records COPY FREEZE into a partition made in the same transaction", async () => {
    await audited("create table item (id int primary key, name text, n int) partition by range (id)");
    await run("begin", "create table item_1 partition of item for values from (0) to (10)");
    await copy("copy item_1 from stdin (freeze)", "1\ta\t1\n");
    await run("commit");
    await expectChanges(inserted("1", { id: "1", name: "a", n: "1" }));
  });

  it("records rows routed to the partitions they belong to", async () => {
    await audited(`
      create table item (id int primary key, name text) partition by range (id);
      create table item_1 partition of item for values from (0) to (10);
      create table item_2 partition of item for values from (10) to (20)`);
    await copy("copy item from stdin", "11\tb\n1\ta\n12\tc\n");
    await expectChanges(
      together(
        inserted("11", { id: "11", name: "b" }),
        inserted("1", { id: "1", name: "a" }),
        inserted("12", { id: "12", name: "c" }),
      ),
    );
  });
});
