import type { TestSql } from "./client.ts";
import { sampleKey, sampleValue } from "./sampleValue.ts";
import { type ColumnShape, type ForeignKey, readTableShapes, type TableShape } from "./tableShape.ts";

/** Rows inserted, updated and deleted for good, by qualified table name. What was rolled back or changed nothing is not counted. */
export type RowsWritten = ReadonlyMap<string, number>;

type Transaction = Pick<TestSql, "unsafe">;

const literal = (text: string) => `'${text.replaceAll("'", "''")}'`;

/** Distinguishes the keys of successive writers on one server. */
let serial = 0;

/**
 * Writes to every table of a schema, whatever its columns: inserts with fresh keys, updates of each column and of
 * many rows at once, to NULL and to nothing new, key changes, deletes and re-inserts, and a transaction of which a
 * part is rolled back to a savepoint. Heeds keys and foreign keys. Returns how many rows were really written.
 */
export async function writeEverywhere(sql: TestSql, schema: string): Promise<RowsWritten> {
  const written = new Map<string, number>();
  for (const shape of await readTableShapes(sql, schema)) {
    written.set(shape.name, await writeTo(sql, shape));
  }
  return written;
}

/** The rows of both, table by table. */
export function addWritten(one: RowsWritten, other: RowsWritten): RowsWritten {
  return new Map([...one].map(([table, rows]) => [table, rows + (other.get(table) ?? 0)]));
}

async function writeTo(sql: TestSql, shape: TableShape): Promise<number> {
  const writer = new TableWriter(sql, shape);
  const [kept, moved, gone] = [await writer.insert(), await writer.insert(), await writer.insert()];
  for (const column of writer.plainColumns) await writer.setSample(column, kept);
  for (const foreignKey of writer.plainForeignKeys) await writer.setParent(foreignKey, kept);
  await writer.changeManyRows();
  await writer.setNulls();
  await writer.changeNothing(kept);
  await writer.changeKey(moved);
  await writer.delete(gone);
  await writer.deleteAndInsertAgain();
  await writer.halfRolledBack();
  return writer.rows;
}

/** A row by its key, as a condition. */
type Place = string;

class TableWriter {
  rows = 0;
  readonly #sql: TestSql;
  readonly #shape: TableShape;

  constructor(sql: TestSql, shape: TableShape) {
    this.#sql = sql;
    this.#shape = shape;
  }

  /** Those that may be given any value. */
  get plainColumns(): ColumnShape[] {
    const bound = this.#shape.foreignKeys.flatMap(({ columns }) => columns);
    return this.#writable.filter(({ name, unique }) => !unique && !bound.includes(name));
  }

  /** Foreign keys of one column outside the key. */
  get plainForeignKeys(): ForeignKey[] {
    return this.#shape.foreignKeys.filter(
      ({ columns }) =>
        columns.length === 1 && this.#writable.some(({ name, unique }) => name === columns[0] && !unique),
    );
  }

  get #writable(): ColumnShape[] {
    return this.#shape.columns.filter(({ generated }) => !generated);
  }

  get #names(): string {
    return this.#writable.map(({ name }) => name).join(", ");
  }

  /** A copy of some row under a fresh key; made up where the table is empty. */
  async insert(through: Transaction = this.#sql): Promise<Place> {
    const { name: table, foreignKeys } = this.#shape;
    const fresh = await this.#freshKey(through);
    const given = this.#writable.filter(({ identity }) => !identity);
    const values = given.map(({ name, type, unique, notNull }) => {
      const key = fresh.get(name);
      if (key !== undefined) return key;
      const parent = foreignKeys.find(({ columns }) => columns.includes(name));
      const sample = parent
        ? `(select ${parent.targetColumns[parent.columns.indexOf(name)]} from ${parent.target} order by 1 limit 1)`
        : notNull || unique
          ? `${literal(sampleValue(type, ++serial))}::${type}`
          : "null";
      return unique ? sample : `coalesce(source.${name}, ${sample})`;
    });
    const { place } = await this.#write(
      `insert into ${table} (${given.map(({ name }) => name).join(", ")})
       select ${values.join(", ")}
       from (values (1)) as one left join (select * from ${table} order by ${this.#shape.key.join(", ")} limit 1) as source on true
       returning ${this.#place}`,
      through,
    );
    return place;
  }

  async setSample(
    { name, type }: ColumnShape,
    place: Place,
    through: Transaction = this.#sql,
  ): Promise<void> {
    const value = `${literal(sampleValue(type, ++serial))}::${type}`;
    await this.#write(
      `update ${this.#shape.name} set ${name} = ${value} where ${place} and ${name}::text is distinct from (${value})::text`,
      through,
    );
  }

  async setParent({ columns, target, targetColumns }: ForeignKey, place: Place): Promise<void> {
    const [column, source] = [columns[0], targetColumns[0]];
    await this.#write(
      `update ${this.#shape.name} as child
       set ${column} = (select ${source} from ${target} where ${source} is distinct from child.${column} order by 1 limit 1)
       where ${place} and exists (select from ${target} where ${source} is distinct from child.${column})`,
    );
  }

  /** All plain columns of two dozen rows in one statement; rows that had these values already are not counted. */
  async changeManyRows(): Promise<void> {
    const columns = this.plainColumns;
    if (columns.length === 0) return;
    const { name: table, key } = this.#shape;
    const changes = columns.map(({ name, type }) => ({
      name,
      value: `${literal(sampleValue(type, ++serial))}::${type}`,
    }));
    const rows = `ctid in (select ctid from ${table} order by ${key.join(", ")} limit 24)`;
    const differs = changes.map(({ name, value }) => `${name}::text is distinct from (${value})::text`);
    const [changed] = await this.#sql.unsafe<{ count: number }[]>(
      `select count(*)::int as count from ${table} where ${rows} and (${differs.join(" or ")})`,
    );
    await this.#sql.unsafe(
      `update ${table} set ${changes.map(({ name, value }) => `${name} = ${value}`).join(", ")} where ${rows}`,
    );
    this.rows += changed?.count ?? 0;
  }

  async setNulls(): Promise<void> {
    const columns = this.plainColumns.filter(({ notNull }) => !notNull);
    if (columns.length === 0) return;
    await this.#write(
      `update ${this.#shape.name} set ${columns.map(({ name }) => `${name} = null`).join(", ")}
       where ctid in (select ctid from ${this.#shape.name} where num_nonnulls(${columns.map(({ name }) => name).join(", ")}) > 0
         order by ${this.#shape.key.join(", ")} limit 3)`,
    );
  }

  /** Updates that change nothing: not counted. */
  async changeNothing(place: Place): Promise<void> {
    const columns = this.#writable.filter(({ identity }) => !identity);
    const all = columns.map(({ name }) => `${name} = ${name}`).join(", ");
    await this.#sql.unsafe(`update ${this.#shape.name} set ${all} where ${place}`);
  }

  async changeKey(place: Place): Promise<void> {
    const key = await this.#freshKey(this.#sql);
    await this.#write(
      `update ${this.#shape.name} set ${[...key].map(([name, value]) => `${name} = ${value}`).join(", ")} where ${place}`,
    );
  }

  async delete(place: Place, through: Transaction = this.#sql): Promise<void> {
    await this.#write(`delete from ${this.#shape.name} where ${place}`, through);
  }

  /** Rows that were there from the start and that nothing refers to leave and come back as they were. */
  async deleteAndInsertAgain(): Promise<void> {
    const free = this.#shape.referencedBy.map(
      ({ from, columns, targetColumns }) =>
        `not exists (select from ${from} as child where (${columns.map((name) => `child.${name}`).join(", ")}) = (${targetColumns.map((name) => `held.${name}`).join(", ")}))`,
    );
    await this.#sql.begin(async (transaction) => {
      await transaction.unsafe(
        `create temporary table held on commit drop as
         select * from ${this.#shape.name} as held where ${["true", ...free].join(" and ")}
         order by ${this.#shape.key.join(", ")} limit 5`,
      );
      const same = this.#shape.key.map((name) => `gone.${name} = held.${name}`).join(" and ");
      await this.#write(`delete from ${this.#shape.name} as gone using held where ${same}`, transaction);
      await this.#write(
        `insert into ${this.#shape.name} (${this.#names}) overriding system value select ${this.#names} from held`,
        transaction,
      );
    });
  }

  /** An insert that stays, then work that is rolled back to a savepoint, then work that stays. */
  async halfRolledBack(): Promise<void> {
    const [column] = this.plainColumns;
    await this.#sql.begin(async (transaction) => {
      const place = await this.insert(transaction);
      const rows = this.rows;
      await transaction.unsafe("savepoint undone");
      if (column) await this.setSample(column, place, transaction);
      await this.insert(transaction);
      await this.delete(place, transaction);
      await transaction.unsafe("rollback to savepoint undone");
      this.rows = rows;
      if (column) await this.setSample(column, place, transaction);
    });
  }

  /** SQL that writes down where a row is, for RETURNING. */
  get #place(): string {
    const parts = this.#shape.key.map(
      (part) => `'${part.replaceAll("'", "''")} = ' || quote_literal(${part}::text)`,
    );
    return `${parts.join(" || ' and ' || ")} as place`;
  }

  /** Counts the rows; tells the place of the first where the statement returns it. */
  async #write(statement: string, through: Transaction = this.#sql): Promise<{ place: Place }> {
    const rows = await through.unsafe<{ place: Place }[]>(statement);
    this.rows += rows.count;
    return rows[0] ?? { place: "false" };
  }

  /** Values, as SQL, that no row has as its key: new ones, or parents that were not yet combined. */
  async #freshKey(through: Transaction): Promise<ReadonlyMap<string, string>> {
    const { key, foreignKeys, columns, name } = this.#shape;
    const bound = foreignKeys.filter((foreignKey) => foreignKey.columns.some((part) => key.includes(part)));
    const types = new Map(columns.map((column) => [column.name, column.type]));
    const free = key.filter((part) => !bound.some((foreignKey) => foreignKey.columns.includes(part)));
    const values = new Map<string, string>();
    for (const part of free) {
      const type = types.get(part) ?? "";
      if (columns.find((column) => column.name === part)?.identity) {
        values.set(part, "default");
        continue;
      }
      const isNumber = /^(smallint|integer|bigint)$/.test(type);
      if (!isNumber) values.set(part, `${literal(sampleKey(type, ++serial))}::${type}`);
      else {
        const [row] = await through.unsafe<{ next: string }[]>(
          `select (coalesce(max(${part}), 0) + 1)::text as next from ${name}`,
        );
        values.set(part, `${row?.next}::${type}`);
      }
    }
    if (bound.length === 0) return values;
    const sources = bound.map(({ target }, index) => `${target} as parent_${index}`);
    const parts = bound.flatMap(({ columns: parts, targetColumns }, index) =>
      parts.map((part, place) => [part, `parent_${index}.${targetColumns[place]}`] as const),
    );
    const taken = parts.map(([part, source]) => `taken.${part} = ${source}`);
    const [row] = await through.unsafe<Record<string, string>[]>(
      `select ${parts.map(([, source], index) => `quote_literal(${source}::text) as value_${index}`).join(", ")}
       from ${sources.join(" cross join ")}
       where not exists (select from ${name} as taken where ${taken.join(" and ")})
       limit 1`,
    );
    if (!row) throw new Error(`Every combination of parents is taken in ${name}.`);
    parts.forEach(([part], index) => {
      values.set(part, `${row[`value_${index}`]}::${types.get(part)}`);
    });
    return values;
  }
}
