/** A row: the text of each value by column name, as a cast to text gives it; null is NULL. */
export type Row = Readonly<Record<string, string | null>>;

/** What the server itself says of a row that was written. */
export type WalChange =
  | { readonly op: "insert"; readonly table: string; readonly new: Row }
  | { readonly op: "update"; readonly table: string; readonly old: Row; readonly new: Row }
  | { readonly op: "delete"; readonly table: string; readonly old: Row }
  | { readonly op: "truncate"; readonly tables: readonly string[] };

interface Relation {
  readonly name: string;
  readonly columns: readonly { readonly name: string; readonly type: number }[];
}

const booleanType = 16;

/**
 * Reads messages of the plugin pgoutput, protocol version 1. Tables have to have REPLICA IDENTITY FULL. One reader
 * for one call of the server's function: the server describes each table once in it.
 */
export class PgoutputReader {
  readonly #relations = new Map<number, Relation>();

  /** The change in a message; undefined for those that hold none. */
  read(message: Buffer): WalChange | undefined {
    const cursor = new Cursor(message);
    switch (cursor.character()) {
      case "R":
        this.#learn(cursor);
        return undefined;
      case "I": {
        const relation = this.#relation(cursor.int32());
        cursor.expect("N");
        return { op: "insert", table: relation.name, new: cursor.row(relation, {}) };
      }
      case "U": {
        const relation = this.#relation(cursor.int32());
        cursor.expect("O");
        const old = cursor.row(relation, {});
        cursor.expect("N");
        return { op: "update", table: relation.name, old, new: cursor.row(relation, old) };
      }
      case "D": {
        const relation = this.#relation(cursor.int32());
        cursor.expect("O");
        return { op: "delete", table: relation.name, old: cursor.row(relation, {}) };
      }
      case "T": {
        const count = cursor.int32();
        cursor.skip(1);
        return {
          op: "truncate",
          tables: Array.from({ length: count }, () => this.#relation(cursor.int32()).name),
        };
      }
      default:
        return undefined;
    }
  }

  #learn(cursor: Cursor): void {
    const oid = cursor.int32();
    cursor.text();
    const name = cursor.text();
    cursor.skip(1);
    const columns = Array.from({ length: cursor.int16() }, () => {
      cursor.skip(1);
      const column = { name: cursor.text(), type: cursor.int32() };
      cursor.skip(4);
      return column;
    });
    this.#relations.set(oid, { name, columns });
  }

  #relation(oid: number): Relation {
    const relation = this.#relations.get(oid);
    if (!relation) throw new Error(`The table ${oid} was not described.`);
    return relation;
  }
}

class Cursor {
  #place = 0;
  readonly #bytes: Buffer;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  character(): string {
    return String.fromCharCode(this.#bytes.readUInt8(this.#place++));
  }

  expect(character: string): void {
    const found = this.character();
    if (found !== character) throw new Error(`"${found}" where "${character}" should stand.`);
  }

  int16(): number {
    this.#place += 2;
    return this.#bytes.readInt16BE(this.#place - 2);
  }

  int32(): number {
    this.#place += 4;
    return this.#bytes.readUInt32BE(this.#place - 4);
  }

  /** Up to the next zero byte. */
  text(): string {
    const end = this.#bytes.indexOf(0, this.#place);
    const text = this.#bytes.toString("utf8", this.#place, end);
    this.#place = end + 1;
    return text;
  }

  skip(bytes: number): void {
    this.#place += bytes;
  }

  /** A tuple; large values that did not change are not sent, they are those of `before`. */
  row({ columns }: Relation, before: Row): Row {
    const count = this.int16();
    if (count !== columns.length) throw new Error(`${count} values for ${columns.length} columns.`);
    return Object.fromEntries(
      columns.map(({ name, type }) => {
        const value = this.#value(before[name]);
        // The one type whose cast to text is not its output.
        if (type === booleanType && value !== null) return [name, value.startsWith("t") ? "true" : "false"];
        return [name, value];
      }),
    );
  }

  #value(before: string | null | undefined): string | null {
    const kind = this.character();
    if (kind === "n") return null;
    if (kind === "u" && before !== undefined) return before;
    if (kind !== "t") throw new Error(`A value of kind "${kind}".`);
    const length = this.int32();
    this.#place += length;
    return this.#bytes.toString("utf8", this.#place - length, this.#place);
  }
}
