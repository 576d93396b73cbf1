import { tableLabel } from "../core/name.ts";
import { safeText } from "../core/safe.ts";
import type { HoldRow } from "../db/holdRegister.ts";
import type { Column, Row } from "./columns.ts";
import { timeText } from "./instant.ts";

/** The columns of a list of holds; `all` adds those about their end. */
export function holdColumns(all: boolean): Column[] {
  const lifted = ["lifted", "by", "because"].map((title) => ({ title }));
  return [
    { title: "hold", fixed: true },
    { title: "table" },
    { title: "key" },
    { title: "actor" },
    { title: "placed", fixed: true },
    { title: "by" },
    { title: "reason" },
    ...(all ? lifted : []),
  ];
}

/** A hold as a line of the table. */
export function holdRow({
  zone,
  width,
  all,
}: {
  readonly zone: string;
  readonly width: number | undefined;
  readonly all: boolean;
}): (hold: HoldRow) => Row {
  return (hold) => {
    const lifted = [timeText(hold.liftedAt, zone, width), hold.liftedBy ?? "-", hold.liftReason ?? "-"];
    return [
      hold.name,
      tableOf(hold) ?? "-",
      hold.key ?? "-",
      hold.actor ?? "-",
      timeText(hold.placedAt, zone, width),
      hold.placedBy,
      hold.reason,
      ...(all ? lifted : []),
    ];
  };
}

/** What a hold covers, as the object of a sentence. */
export function coverText(hold: HoldRow): string {
  const table = tableOf(hold);
  const of = [
    ...(hold.key === null ? [] : [`of row ${safeText(hold.key)}`]),
    ...(table === undefined ? [] : [`of ${table}`]),
    ...(hold.actor === null ? [] : [`by ${safeText(hold.actor)}`]),
  ];
  return `the changes ${of.join(" ")}`;
}

function tableOf({ schema, table }: HoldRow): string | undefined {
  return schema === null || table === null ? undefined : tableLabel({ schema, table });
}

/** A hold as JSON answers show it. */
export function holdJson(hold: HoldRow) {
  return {
    name: hold.name,
    schema: hold.schema,
    table: hold.table,
    relation: hold.relation,
    key: hold.key,
    actor: hold.actor,
    reason: hold.reason,
    placed_at: hold.placedAt,
    placed_by: hold.placedBy,
    lifted_at: hold.liftedAt,
    lifted_by: hold.liftedBy,
    lift_reason: hold.liftReason,
  };
}
