import type { Instant } from "../types.ts";

/** Which changes an answer rests on, for what has to be fetched from an archive. Whatever is left out does not narrow. */
export interface Need {
  /** Registry ids of tables; undefined: all. */
  readonly relations?: readonly number[] | undefined;
  /** Only the life of the row with this key, under every key it ever had. */
  readonly key?: string | undefined;
  /** Only what was recorded at this instant or later; of a tag, what was not visible to it. */
  readonly since?: Instant | undefined;
  /** Only what was recorded by this instant; of a tag, what was visible to it. */
  readonly until?: Instant | undefined;
  /** Only this transaction's, or this change with all that its transaction did. */
  readonly only?: { readonly kind: "tx" | "change"; readonly id: string } | undefined;
  /**
   * Instants of which the state is asked. A transaction counts as done at its last recorded change over all tables: so
   * the changes of every other table are needed that transactions in progress then recorded later.
   */
  readonly moments?: readonly Instant[] | undefined;
}
