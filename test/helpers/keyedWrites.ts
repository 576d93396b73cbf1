import type { Random } from "../model/random.ts";
import type { TestSql } from "./client.ts";
import { literal, type Row, type RowPlace, readRow, rowWhere } from "./rowPlace.ts";
import { sampleKey } from "./sampleValue.ts";
import type { ColumnShape, TableShape } from "./tableShape.ts";

/**
 * A write of constants to one row, named by its key: it means the same whenever it is run. An update that names key columns
 * moves the row.
 */
export interface KeyedWrite extends RowPlace {
  readonly kind: "insert" | "update" | "delete";
  readonly values: Row;
  /** The row that it found; undefined for an insert. */
  readonly before: Row | undefined;
}

export interface PastTransaction {
  readonly tx: string;
  readonly writes: readonly KeyedWrite[];
}

type Transaction = Pick<TestSql, "unsafe">;

/** The statement, for the row under the key given. */
export function statementOf({ kind, shape, values }: KeyedWrite, key: readonly string[]): string {
  const names = [...values.keys()];
  const constants = [...values.values()].map(literal);
  switch (kind) {
    case "insert":
      return `insert into ${shape.name} (${names.join(", ")}) overriding system value values (${constants.join(", ")})`;
    case "update":
      return `update ${shape.name} set ${names.map((name, index) => `${name} = ${constants[index]}`).join(", ")} where ${rowWhere({ shape, key })}`;
    case "delete":
      return `delete from ${shape.name} where ${rowWhere({ shape, key })}`;
  }
}

/** The key under which a write leaves its row. */
export function keyAfter({ shape, key, values }: KeyedWrite): string[] {
  return shape.key.map((name, index) => values.get(name) ?? key[index] ?? "");
}

/** Whether it gives its row another key. */
export function isMove({ kind, shape, values }: KeyedWrite): boolean {
  return kind === "update" && shape.key.some((name) => values.has(name));
}

/** A delete takes no more rows along than this. */
const mostDescendants = 6;

/**
 * Runs transactions of writes by key, one to four at a time, that meet at a few rows. No value comes to a place
 * a second time, so that of each it can be told who wrote it; foreign keys are heeded.
 */
export class KeyedWriter {
  readonly #sql: TestSql;
  readonly #shapes: readonly TableShape[];
  readonly #random: Random;
  /** Rows to choose from; those in front are chosen often. */
  readonly #pool: RowPlace[] = [];
  readonly #gone: RowPlace[] = [];
  /** Values that a place once had written to it, and keys that rows once had. */
  readonly #used = new Set<string>();
  #serial = 0;

  constructor(sql: TestSql, shapes: readonly TableShape[], random: Random) {
    this.#sql = sql;
    this.#shapes = shapes;
    this.#random = random;
  }

  /** Chooses the rows that are written to. */
  async begin(): Promise<void> {
    const chosen: RowPlace[] = [];
    for (const shape of this.#shapes) {
      const keys = await this.#sql.unsafe<{ key: string[] }[]>(
        `select array[${shape.key.map((name) => `${name}::text`).join(", ")}] as key from ${shape.name} order by 1`,
      );
      chosen.push(...this.#random.sample(keys, 3).map(({ key }) => ({ shape, key })));
    }
    this.#pool.push(...this.#random.sample(chosen, chosen.length));
  }

  /** One transaction, which is done. */
  async run(): Promise<PastTransaction> {
    return this.#sql.begin(async (transaction) => {
      const writes: KeyedWrite[] = [];
      for (let left = this.#random.between(1, 4); left > 0; left--) {
        for (const write of await this.#some(transaction)) {
          const { count } = await transaction.unsafe(statementOf(write, write.key));
          if (count !== 1) throw new Error(`wrote ${count} rows: ${statementOf(write, write.key)}`);
          writes.push(write);
          this.#note(write);
        }
      }
      const [row] = await transaction<{ tx: string }[]>`select pg_current_xact_id()::text as tx`;
      return { tx: row?.tx ?? "", writes };
    }) as Promise<PastTransaction>;
  }

  /** The next writes that belong together. */
  async #some(sql: Transaction): Promise<KeyedWrite[]> {
    for (let tries = 0; tries < 100; tries++) {
      const kind = this.#random.weighted([
        [6, "update"],
        [3, "insert"],
        [2, "delete"],
        [1, "move"],
      ] as const);
      const writes = await this.#attempt(sql, kind);
      if (writes.length > 0) return writes;
    }
    throw new Error("There is nothing left to write.");
  }

  async #attempt(sql: Transaction, kind: "insert" | "update" | "delete" | "move"): Promise<KeyedWrite[]> {
    if (kind === "insert") return this.#insert(sql);
    const place = this.#choose();
    const before = await readRow(sql, place);
    if (before === undefined) return [];
    if (kind === "delete") return this.#delete(sql, place);
    if (kind === "move" && !isMovable(place.shape)) return [];
    const values =
      kind === "update" ? await this.#newValues(sql, place, before) : await this.#newKey(sql, place.shape);
    if (values.size === 0) return [];
    return [{ ...place, kind: "update", values, before }];
  }

  #choose(): RowPlace {
    const hot = [...this.#pool.slice(0, 6), ...this.#pool.slice(-4)];
    return this.#random.pick(this.#random.chance(0.6) ? hot : this.#pool);
  }

  async #newValues(sql: Transaction, { shape, key }: RowPlace, before: Row): Promise<Row> {
    const columns = shape.columns.filter(({ name, generated }) => !generated && !shape.key.includes(name));
    const values = new Map<string, string | null>();
    for (const column of this.#random.sample(columns, this.#random.between(1, 3))) {
      const value = await this.#value(sql, shape, column);
      const isNew = value !== undefined && value !== before.get(column.name);
      if (isNew && !this.#used.has(placeText(shape, key, column.name, value))) values.set(column.name, value);
    }
    return values;
  }

  /** For a column that is no part of the key; undefined where there is no row to refer to. */
  async #value(sql: Transaction, shape: TableShape, column: ColumnShape): Promise<string | null | undefined> {
    if (!column.notNull && this.#random.chance(0.15)) return null;
    const foreignKey = shape.foreignKeys.find(({ columns }) => columns.includes(column.name));
    return foreignKey ? this.#parent(sql, foreignKey.target) : constantOf(column.type, ++this.#serial);
  }

  /** The key of a row that is there, often one of the newest. */
  async #parent(sql: Transaction, table: string): Promise<string | undefined> {
    const places = this.#pool.filter(({ shape }) => shape.name === table);
    if (places.length === 0) return undefined;
    const place = this.#random.pick(this.#random.chance(0.5) ? places.slice(-2) : places);
    return (await readRow(sql, place)) && place.key[0];
  }

  async #insert(sql: Transaction): Promise<KeyedWrite[]> {
    const again = this.#gone.length > 0 && this.#random.chance(0.3);
    const former = again ? this.#random.pick(this.#gone) : undefined;
    const { shape } = former ?? this.#choose();
    const key = former ? namedKey(former) : await this.#newKey(sql, shape);
    if (key.size === 0) return [];
    const values = new Map(key);
    for (const column of shape.columns.filter(({ name, generated }) => !generated && !key.has(name))) {
      const value = await this.#value(sql, shape, column);
      if (value === undefined) return [];
      values.set(column.name, value);
    }
    const place = { shape, key: [...key.values()].map((value) => value ?? "") };
    if (await readRow(sql, place)) return [];
    for (const [name, value] of values) {
      const target = shape.foreignKeys.find(({ columns }) => columns.includes(name))?.target;
      const parent = this.#shapes.find((one) => one.name === target);
      if (parent && value !== null && !(await readRow(sql, { shape: parent, key: [value] }))) return [];
    }
    return [{ ...place, kind: "insert", values, before: undefined }];
  }

  /** A row with all that refers to it, children first; none where these are too many. */
  async #delete(sql: Transaction, place: RowPlace): Promise<KeyedWrite[]> {
    const writes: KeyedWrite[] = [];
    const walk = async ({ shape, key }: RowPlace): Promise<boolean> => {
      const name = placeText(shape, key);
      if (writes.some((write) => placeText(write.shape, write.key) === name)) return true;
      for (const { from, columns } of shape.referencedBy) {
        const child = this.#shapes.find((one) => one.name === from);
        if (child === undefined) throw new Error(`${from} is not among the tables`);
        const rows = await sql.unsafe<{ key: string[] }[]>(
          `select array[${child.key.map((part) => `${part}::text`).join(", ")}] as key from ${from}
           where ${columns[0]} = ${literal(key[0] ?? null)} order by 1 limit ${mostDescendants + 1}`,
        );
        for (const row of rows) if (!(await walk({ shape: child, key: row.key }))) return false;
      }
      const before = await readRow(sql, { shape, key });
      writes.push({ shape, key, kind: "delete", values: new Map(), before });
      return writes.length <= mostDescendants;
    };
    return (await walk(place)) ? writes : [];
  }

  /** Key columns with values under which no row ever was; empty where chance finds none. */
  async #newKey(sql: Transaction, shape: TableShape): Promise<Row> {
    const values = new Map<string, string>();
    for (const name of shape.key) {
      const column = shape.columns.find((one) => one.name === name);
      const foreignKey = shape.foreignKeys.find(({ columns }) => columns.includes(name));
      const value = foreignKey
        ? await this.#parent(sql, foreignKey.target)
        : freshKey(column?.type ?? "", ++this.#serial);
      if (value === undefined) return new Map();
      values.set(name, value);
    }
    const key = [...values.values()];
    const isTaken = this.#used.has(placeText(shape, key)) || (await readRow(sql, { shape, key }));
    return isTaken ? new Map() : values;
  }

  #note(write: KeyedWrite): void {
    const { shape, key, kind, values } = write;
    const after = keyAfter(write);
    for (const place of [key, after]) {
      this.#used.add(placeText(shape, place));
      for (const [name, value] of values) this.#used.add(placeText(shape, place, name, value));
    }
    if (kind === "insert" || isMove(write)) this.#pool.push({ shape, key: after });
    const left = this.#gone.findIndex((place) => placeText(place.shape, place.key) === placeText(shape, key));
    if (kind === "insert" && left >= 0) this.#gone.splice(left, 1);
    if (kind === "delete") this.#gone.push({ shape, key });
  }
}

/** Whether nothing refers to its keys, and they take values. */
function isMovable({ key, columns, referencedBy }: TableShape): boolean {
  return referencedBy.length === 0 && !columns.some(({ name, identity }) => identity && key.includes(name));
}

function namedKey({ shape, key }: RowPlace): Row {
  return new Map(shape.key.map((name, index) => [name, key[index] ?? null]));
}

function placeText(shape: TableShape, key: readonly string[], ...more: (string | null)[]): string {
  return JSON.stringify([shape.name, ...key, ...more]);
}

function freshKey(type: string, n: number): string {
  return isInteger(type) ? String(20_000 + n) : sampleKey(type, n);
}

/** A value of the type that no other `n` gives, as the server prints it. */
function constantOf(type: string, n: number): string {
  if (isInteger(type)) return String(5000 + n);
  if (/^(numeric|real|double)/.test(type)) return `${n}.25`;
  if (type === "bytea") return `\\x${n.toString(16).padStart(8, "0")}`;
  const day = new Date(Date.UTC(2030, 0, n)).toISOString().slice(0, 10);
  if (type === "date") return day;
  if (type.startsWith("timestamp")) return `${day} 00:00:00`;
  const length = /\((\d+)\)$/.exec(type)?.[1];
  return `${n.toString(36)}'"\\`.slice(0, length === undefined ? undefined : Number(length));
}

function isInteger(type: string): boolean {
  return /^(smallint|integer|bigint)$/.test(type);
}
