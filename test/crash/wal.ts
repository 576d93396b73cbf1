import type { TestSql } from "../helpers/client.ts";
import { PgoutputReader, type WalChange } from "./pgoutput.ts";
import { ledger, tables } from "./tables.ts";

/** A committed transaction by the server's own account. */
export interface WalTransaction {
  readonly xid: string;
  readonly changes: readonly WalChange[];
}

const slot = "crash_truth";

/**
 * SQL that lets the server keep the truth: a replication slot, from which the write-ahead log can be read as rows.
 * It knows nothing of triggers, holds what was committed and nothing else, in the order of the commits, and, unlike
 * triggers of the test's own, does not alter what is tested: a table with other triggers is captured in another way.
 */
export const truthSql = [
  ...[...tables.map(({ name }) => name), "parts_a", "parts_b_even", "parts_b_odd", "parts_rest", ledger].map(
    (name) => `alter table ${name} replica identity full`,
  ),
  `create publication crash_truth for table ${[...tables.map(({ name }) => name), ledger].join(", ")} with (publish_via_partition_root)`,
  `select pg_create_logical_replication_slot('${slot}', 'pgoutput')`,
];

/** How many changes one call is asked for; it goes on to the end of the transaction. */
const batch = 20_000;

/** What was committed since the slot was made, or since the last call. The server must not be killed meanwhile. */
export async function readWal(sql: TestSql): Promise<WalTransaction[]> {
  const transactions: WalTransaction[] = [];
  for (;;) {
    const messages = await sql.begin(async (transaction) => {
      await transaction`set local timezone = 'UTC'`;
      return transaction<{ xid: string; data: Buffer }[]>`
        select xid::text as xid, data
        from pg_logical_slot_get_binary_changes(
          ${slot}, null, ${batch}, 'proto_version', '1', 'publication_names', 'crash_truth')`;
    });
    if (messages.length === 0) return transactions;
    const reader = new PgoutputReader();
    let changes: WalChange[] = [];
    for (const { xid, data } of messages) {
      const kind = String.fromCharCode(data[0] ?? 0);
      if (kind === "B") changes = [];
      else if (kind === "C") transactions.push({ xid, changes });
      else {
        const change = reader.read(data);
        if (change) changes.push(change);
      }
    }
  }
}
