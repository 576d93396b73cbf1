import type { TableName } from "../types.ts";
import type { Token } from "./sqlTokens.ts";

/** A relation named in a FROM clause or behind TABLE: where it is written, and what stands around it. */
export interface SqlSource extends TableName {
  readonly at: number;
  readonly end: number;
  readonly only: boolean;
  /** Whether an alias follows, or none can (TABLE): then no other need be given. */
  readonly aliased: boolean;
}

/** A column written with the schema of its table: `public.users.id`, `public.users.*`. `end` is that of the schema and its dot. */
export interface SchemaOfColumn {
  readonly schema: string;
  readonly table: string;
  readonly at: number;
  readonly end: number;
}

/** A function that is called: its name as written. */
export interface CalledFunction {
  readonly schema: string | undefined;
  readonly name: string;
}

export interface SqlNames {
  readonly sources: readonly SqlSource[];
  readonly columns: readonly SchemaOfColumn[];
  readonly functions: readonly CalledFunction[];
}

/** After these words a clause follows in which a comma does not lead to another relation. */
const leavesFrom = new Set(
  "select where group having window order limit offset fetch for union intersect except returning".split(" "),
);

/** What may follow a relation and is no alias of it. */
const noAlias = new Set(
  `where join left right full inner cross natural on using group having window order limit offset fetch for union
  intersect except tablesample into returning`.split(/\s+/),
);

interface Frame {
  /** Whether a SELECT or TABLE was seen: elsewhere FROM belongs to a function, as in extract(year from at). */
  query: boolean;
  from: boolean;
}

/**
 * Finds the names in a statement by which the past has to be put in place of the present: relations, columns with
 * their schema, functions that are called. A relation that is overlooked reads the present, and has to be found by
 * other means (the plan); what is taken for one and is none has to fail.
 */
export function findNames(tokens: readonly Token[]): SqlNames {
  const sources: SqlSource[] = [];
  const columns: SchemaOfColumn[] = [];
  const functions: CalledFunction[] = [];
  const frames: Frame[] = [];
  let frame: Frame = { query: false, from: false };
  let expects = false;
  let only = false;
  let table = false;
  for (let index = 0; index < tokens.length; index++) {
    const token = tokens[index] as Token;
    if (token.kind === "symbol") {
      if (token.text === "(") {
        frames.push(frame);
        frame = { query: false, from: expects };
        continue;
      }
      if (token.text === ")") frame = frames.pop() ?? frame;
      expects = token.text === "," && frame.from;
      only = false;
      continue;
    }
    if (token.kind !== "word" && token.kind !== "quoted") {
      expects = false;
      continue;
    }
    const word = token.kind === "word" ? token.text : "";
    if (word === "from" && frame.query && !isWord(tokens[index - 1], "distinct")) {
      frame.from = true;
      expects = true;
      table = false;
      continue;
    }
    if (word === "table") {
      frame.query = true;
      frame.from = true;
      expects = true;
      table = true;
      continue;
    }
    if (word === "join") {
      expects = frame.from;
      table = false;
      continue;
    }
    if (expects && (word === "only" || word === "lateral")) {
      only = word === "only";
      continue;
    }
    if (leavesFrom.has(word)) {
      if (word === "select") frame.query = true;
      frame.from = false;
      expects = false;
      continue;
    }
    const chain = readChain(tokens, index);
    const [first, second] = chain.names;
    const schema = chain.names.length === 2 ? first?.text : undefined;
    const name = chain.names.at(-1);
    const next = tokens[chain.next];
    if (isSymbol(next, "(") && !chain.star) {
      if (name !== undefined && chain.names.length <= 2) functions.push({ schema, name: name.text });
    } else if (expects && !chain.star && name !== undefined && chain.names.length <= 2) {
      const aliased = table || isAlias(next);
      sources.push({ schema, table: name.text, at: token.at, end: name.end, only, aliased });
    } else if (
      first !== undefined &&
      second !== undefined &&
      chain.names.length + (chain.star ? 1 : 0) === 3
    ) {
      columns.push({ schema: first.text, table: second.text, at: first.at, end: second.at });
    }
    expects = false;
    only = false;
    index = chain.next - 1;
  }
  return { sources, columns, functions };
}

/** Names joined by dots, with or without a star at the end. `next` is the index of the token behind. */
function readChain(tokens: readonly Token[], start: number) {
  const names = [tokens[start] as Token];
  let next = start + 1;
  while (isSymbol(tokens[next], ".")) {
    const part = tokens[next + 1];
    if (isSymbol(part, "*")) return { names, star: true, next: next + 2 };
    if (part?.kind !== "word" && part?.kind !== "quoted") break;
    names.push(part);
    next += 2;
  }
  return { names, star: false, next };
}

function isAlias(token: Token | undefined): boolean {
  return token?.kind === "quoted" || (token?.kind === "word" && !noAlias.has(token.text));
}

function isSymbol(token: Token | undefined, text: string): boolean {
  return token?.kind === "symbol" && token.text === text;
}

function isWord(token: Token | undefined, text: string): boolean {
  return token?.kind === "word" && token.text === text;
}
