/** A stretch of a text and what stands in its place. Stretches come in order and do not overlap. */
export interface Edit {
  readonly at: number;
  readonly end: number;
  readonly text: string;
}

/** The text with the edits made. */
export function applyEdits(text: string, edits: readonly Edit[]): string {
  let made = "";
  let from = 0;
  for (const edit of edits) {
    made += text.slice(from, edit.at) + edit.text;
    from = edit.end;
  }
  return made + text.slice(from);
}

/** Where a place of the edited text stands in the text itself; the start of the edit for what an edit brought in. */
export function placeBefore(position: number, edits: readonly Edit[]): number {
  let shift = 0;
  for (const { at, end, text } of edits) {
    if (position < at + shift) break;
    if (position < at + shift + text.length) return at;
    shift += text.length - (end - at);
  }
  return position - shift;
}

/** The index of the n-th character (from 1), as the server counts them, in a JavaScript text. */
export function characterIndex(text: string, position: number): number {
  let index = 0;
  for (let count = 1; count < position && index < text.length; count++)
    index += (text.codePointAt(index) ?? 0) > 0xffff ? 2 : 1;
  return index;
}
