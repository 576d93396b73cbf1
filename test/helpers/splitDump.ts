/** One step of a plain dump: a statement, or a COPY with the rows that follow it. */
export type DumpStep =
  | { readonly kind: "statement"; readonly text: string }
  | { readonly kind: "copy"; readonly text: string; readonly rows: string };

/**
 * Cuts the text of a plain pg_dump file into its steps, as psql would: semicolons inside strings, quoted names,
 * dollar quotes, comments, parentheses and BEGIN ATOMIC bodies do not end a statement. psql's own commands
 * (lines that begin with a backslash) are left out. Throws on a text that ends inside a quote.
 */
export function splitDump(text: string): DumpStep[] {
  const steps: DumpStep[] = [];
  let position = 0;
  let statement = emptyStatement();
  while (position < text.length) {
    const token = nextToken(text, position, statement.text === "");
    position = token.end;
    if (token.kind === "skip") {
      if (statement.text !== "") statement.text += token.text;
      continue;
    }
    if (token.kind === "end" && statement.parentheses === 0 && statement.blocks === 0) {
      const step = finish(text, statement.text, position);
      if (step) steps.push(step.step);
      position = step?.end ?? position;
      statement = emptyStatement();
      continue;
    }
    note(statement, token);
  }
  if (statement.text.trim() !== "") steps.push({ kind: "statement", text: statement.text.trim() });
  return steps;
}

interface Statement {
  text: string;
  parentheses: number;
  /** Depth of BEGIN … END and CASE … END in an SQL-standard function body. */
  blocks: number;
  isRoutine: boolean;
}

interface Token {
  readonly kind: "skip" | "end" | "word" | "other";
  readonly text: string;
  readonly end: number;
}

function emptyStatement(): Statement {
  return { text: "", parentheses: 0, blocks: 0, isRoutine: false };
}

function note(statement: Statement, token: Token): void {
  statement.text += token.text;
  if (token.text === "(") statement.parentheses++;
  if (token.text === ")") statement.parentheses = Math.max(0, statement.parentheses - 1);
  if (token.kind !== "word") return;
  const word = token.text.toLowerCase();
  if (word === "function" || word === "procedure") {
    statement.isRoutine ||= /^create\s+(or\s+replace\s+)?(function|procedure)$/i.test(statement.text);
  }
  if (!statement.isRoutine) return;
  if (word === "begin" || (word === "case" && statement.blocks > 0)) statement.blocks++;
  if (word === "end" && statement.blocks > 0) statement.blocks--;
}

function finish(text: string, statement: string, end: number): { step: DumpStep; end: number } | undefined {
  const trimmed = statement.trim();
  if (trimmed === "") return undefined;
  if (!/^copy\b[\s\S]*\bfrom\s+stdin\b/i.test(trimmed))
    return { step: { kind: "statement", text: trimmed }, end };
  const start = text.indexOf("\n", end) + 1;
  const last = text.startsWith("\\.", start) ? start : text.indexOf("\n\\.", start) + 1;
  if (start === 0 || last < start) throw new Error(`The rows of "${trimmed}" have no end.`);
  return { step: { kind: "copy", text: trimmed, rows: text.slice(start, last) }, end: last + 2 };
}

const patterns = {
  skip: /\s+|--[^\n]*/y,
  meta: /\\[^\n]*/y,
  escaped: /[eE]'[^'\\]*(?:(?:''|\\[\s\S])[^'\\]*)*'/y,
  quoted: /'[^']*(?:''[^']*)*'|"[^"]*(?:""[^"]*)*"/y,
  dollar: /\$(?:[A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*)?\$/y,
  word: /[A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*/y,
};

function nextToken(text: string, position: number, atStart: boolean): Token {
  const token = (kind: Token["kind"], found: string): Token => ({
    kind,
    text: found,
    end: position + found.length,
  });
  const skipped = match(patterns.skip, text, position);
  if (skipped) return token("skip", skipped);
  if (text.startsWith("/*", position)) return token("skip", blockComment(text, position));
  if (text[position] === ";") return token("end", ";");
  const meta = atStart ? match(patterns.meta, text, position) : undefined;
  if (meta) return token("skip", meta);
  const quoted = match(patterns.escaped, text, position) ?? match(patterns.quoted, text, position);
  if (quoted) return token("other", quoted);
  const dollar = match(patterns.dollar, text, position);
  if (dollar) {
    const close = text.indexOf(dollar, position + dollar.length);
    if (close < 0) throw new Error(`The quote ${dollar} has no end.`);
    return token("other", text.slice(position, close + dollar.length));
  }
  const word = match(patterns.word, text, position);
  if (word) return token("word", word);
  const character = text.charAt(position);
  if (character === "'" || character === '"') throw new Error(`The quote ${character} has no end.`);
  return token("other", character);
}

function match(pattern: RegExp, text: string, position: number): string | undefined {
  pattern.lastIndex = position;
  return pattern.exec(text)?.[0];
}

/** Comments nest in SQL. */
function blockComment(text: string, start: number): string {
  let depth = 0;
  for (let position = start; position < text.length; ) {
    if (text.startsWith("/*", position)) {
      depth++;
      position += 2;
    } else if (text.startsWith("*/", position)) {
      depth--;
      position += 2;
      if (depth === 0) return text.slice(start, position);
    } else position++;
  }
  throw new Error("A comment has no end.");
}
