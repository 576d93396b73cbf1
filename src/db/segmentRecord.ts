import type { ArchivedRelation, ArchivedSegment, Manifest } from "../archive/manifest.ts";
import type { AuditDatabase } from "./installation.ts";

/** What a segment's manifest says beside its files. Instants as PostgreSQL prints them in UTC. */
export type SegmentRecord = Pick<Manifest, "segment" | "relations">;

/** Reads what the server has written down of a closed segment and of the tables whose changes it holds. */
export async function readSegmentRecord(audit: AuditDatabase, id: number): Promise<SegmentRecord> {
  const { sql, object } = audit;
  const [segment] = await sql<(Omit<ArchivedSegment, "changes"> & { readonly changes: string })[]>`
    select
      segment.id, segment.era, retention.name as retention, segment.changes::text as changes,
      segment.first_id::text as "firstId", segment.last_id::text as "lastId",
      segment.first_at::text as "firstAt", segment.last_at::text as "lastAt"
    from ${object("segment")} as segment
    join ${object("retention")} as retention on retention.id = segment.retention
    where segment.id = ${id} and segment.state = 'closed'`;
  if (!segment) throw new Error(`segment ${id} is not closed`);
  return {
    segment: { ...segment, changes: Number(segment.changes) },
    relations: await readRelations(audit, id),
  };
}

/** With every version of their columns: by them the images of any change can be read. */
async function readRelations({ sql, object }: AuditDatabase, segment: number): Promise<ArchivedRelation[]> {
  const rows = await sql<{ id: number; schema: string; table: string; keys: string; shapes: string }[]>`
    select
      relation.id, relation.schema_name as schema, relation.table_name as table,
      (
        select coalesce(json_agg(named.name order by key.place), '[]')
        from unnest(relation.key_columns) with ordinality as key (attnum, place)
        cross join lateral (
          select shape.name
          from ${object("relation_shape")} as shape
          where shape.relation = relation.id and shape.attnum = key.attnum
          order by shape.from_id desc
          limit 1
        ) as named
      )::text as keys,
      (
        select coalesce(
          json_agg(
            json_build_object(
              'fromId', shape.from_id::text, 'attnum', shape.attnum, 'name', shape.name, 'type', shape.type,
              'recorded', shape.recorded
            )
            order by shape.from_id, shape.attnum
          ),
          '[]'
        )
        from ${object("relation_shape")} as shape
        where shape.relation = relation.id
      )::text as shapes
    from ${object("relation")} as relation
    where exists (
      select from ${object("segment_relation")} as held
      where held.segment = ${segment} and held.relation = relation.id
    )
    order by relation.id`;
  return rows.map(({ keys, shapes, ...relation }) => ({
    ...relation,
    keyColumns: JSON.parse(keys) as string[],
    shapes: JSON.parse(shapes) as ArchivedRelation["shapes"],
  }));
}
