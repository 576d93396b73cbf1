import { sqlStateOf } from "../connection/failure.ts";
import { quoteIdentifier } from "../core/name.ts";
import { ExitCode, UserError } from "../errors.ts";
import type { AuditDatabase } from "./installation.ts";
import { ISO } from "./iso.ts";

/** What puts rows back. */
export type RepairKind = "restore" | "revert" | "undo";

/** An operation that was noted in the transaction which carries it out. */
export interface NotedOperation {
  /** bigint as text. */
  readonly id: string;
  /** The tag that names the state before it. */
  readonly tag: string;
  /** The transaction, xid8 as text. */
  readonly tx: string;
}

/** The tag that names the state before an operation. */
export function tagBefore(kind: RepairKind, id: string): string {
  return `before-${kind}-${id}`;
}

/**
 * Notes an operation in the open transaction, before it writes anything else, and tags the state it began with: the
 * tag has the transaction's own snapshot, so it is what the plan was made from, exactly. It takes the caller's own rights: exit
 * 4, with the grants, where these do not do.
 */
export async function noteOperation(
  audit: AuditDatabase,
  kind: RepairKind,
  relation: number | null,
  plan: object,
): Promise<NotedOperation> {
  const { sql, object } = audit;
  try {
    const [noted] = await sql<{ id: string; tx: string }[]>`
      insert into ${object("operation")} (kind, relation, plan)
      values (${kind}, ${relation},
        ${JSON.stringify(plan)}::text::jsonb || jsonb_build_object('tx', pg_current_xact_id()::text))
      returning id::text as id, plan ->> 'tx' as tx`;
    if (!noted) throw new Error("an operation was not noted");
    return { ...noted, tag: await tagState(audit, tagBefore(kind, noted.id), noted.id) };
  } catch (error) {
    throw sqlStateOf(error) === "42501" ? mayNotNote(audit) : error;
  }
}

/** The name, or where somebody has given it to another instant, one like it. */
async function tagState(
  { sql, object, installation }: AuditDatabase,
  name: string,
  id: string,
): Promise<string> {
  for (let number = 1; ; number++) {
    const tag = number === 1 ? name : `${name}.${number}`;
    const [set] = await sql`
      insert into ${object("tag")} (name, since, snapshot, id, era, note)
      select ${tag}, ${object("_settled_since")}(pg_current_snapshot()), pg_current_snapshot(),
        nextval(${`${quoteIdentifier(installation.schema)}.change_id`}::text::regclass),
        (select max(era) from ${object("installation")}), ${`the state before operation ${id}`}
      on conflict do nothing
      returning name`;
    if (set) return tag;
  }
}

function mayNotNote({ user, installation }: AuditDatabase): UserError {
  const schema = quoteIdentifier(installation.schema);
  const role = quoteIdentifier(user);
  return new UserError(
    ExitCode.Surroundings,
    `Role ${role} may not note operations in schema ${schema}, so nothing was changed: what is put back has to be on record.`,
    {
      hint: `The owner of the schema can allow it with: grant insert on ${schema}.operation, ${schema}.tag to ${role}; grant select on ${schema}.operation to ${role}; grant usage on sequence ${schema}.change_id to ${role}`,
    },
  );
}

/**
 * Says, for the open transaction, who writes and why. The actor is the caller's own unless one is given; what the caller's
 * context says stays.
 */
export async function setOrigin(
  { sql, object }: AuditDatabase,
  {
    actor,
    reason,
    operation,
  }: {
    readonly actor?: string | undefined;
    readonly reason?: string | undefined;
    readonly operation?: string | undefined;
  },
): Promise<void> {
  if (actor !== undefined) await sql`select set_config('audit.actor', ${actor}, true)`;
  const facts = {
    ...(reason !== undefined && { reason }),
    ...(operation !== undefined && { operation }),
  };
  if (Object.keys(facts).length === 0) return;
  await sql`
    select set_config('audit.context',
      (coalesce(${object("_context")}(current_setting('audit.context', true)), '{}') || ${JSON.stringify(facts)}::text::jsonb)::text,
      true)`;
}

/** An operation as it is on record. */
export interface RecordedOperation {
  /** bigint as text. */
  readonly id: string;
  readonly kind: string;
  /** ISO 8601 with microseconds, in the session's zone. */
  readonly at: string;
  /** The transaction that carried it out; null where that is not noted. */
  readonly tx: string | null;
  /** Whether it is older than the present era, whose transaction ids began anew. */
  readonly former: boolean;
}

const repairKinds: readonly string[] = ["restore", "revert", "undo"] satisfies readonly RepairKind[];

/** Whether an operation of this kind puts rows back. */
export function isRepair(kind: string): boolean {
  return repairKinds.includes(kind);
}

/** An operation by its number. */
export async function findOperation(
  audit: AuditDatabase,
  id: string,
): Promise<RecordedOperation | undefined> {
  const [found] = await readOperations(audit, audit.sql`operation.id = ${id}::bigint`);
  return found;
}

/** The last operation that put rows back and that no other has undone. */
export async function findLastRepair(audit: AuditDatabase): Promise<RecordedOperation | undefined> {
  const { sql, object } = audit;
  const [found] = await readOperations(
    audit,
    sql`
      operation.kind = any (${sql.array([...repairKinds], 25)}::text[])
      and not exists (
        select from ${object("operation")} as later
        where later.kind = 'undo' and later.plan ->> 'undoes' = operation.id::text
      )`,
  );
  return found;
}

/** An operation that put rows back. */
export interface RepairOperation {
  /** bigint as text. */
  readonly id: string;
  readonly kind: RepairKind;
}

/** Which of these transactions of the present era put rows back, each with what it was. */
export async function readRepairs(
  { sql, object }: AuditDatabase,
  txs: readonly string[],
): Promise<ReadonlyMap<string, RepairOperation>> {
  const rows = await sql<(RepairOperation & { tx: string })[]>`
    select operation.id::text as id, operation.kind, operation.plan ->> 'tx' as tx
    from ${object("operation")} as operation
    where operation.kind = any (${sql.array([...repairKinds], 25)}::text[])
      and operation.plan ->> 'tx' = any (${sql.array([...txs], 25)}::text[])
      and not exists (
        select from ${object("installation")} as era
        where era.era > 1 and era.installed_at > operation.at
      )`;
  return new Map(rows.map(({ tx, id, kind }) => [tx, { id, kind }]));
}

async function readOperations(
  { sql, object }: AuditDatabase,
  condition: ReturnType<AuditDatabase["sql"]>,
): Promise<RecordedOperation[]> {
  return sql<RecordedOperation[]>`
    select operation.id::text as id, operation.kind, to_char(operation.at, ${ISO}) as at, operation.plan ->> 'tx' as tx,
      exists (
        select from ${object("installation")} as era
        where era.era > 1 and era.installed_at > operation.at
      ) as former
    from ${object("operation")} as operation
    where ${condition}
    order by operation.id desc
    limit 1`;
}
