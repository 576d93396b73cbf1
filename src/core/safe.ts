/**
 * What a terminal would obey or hide: controls (C0, DEL, C1), lone surrogates, and marks without width (bidi,
 * zero-width, tags). Variation selectors and joiners stay where they belong: inside emoji and ideographs.
 */
const unsafe =
  /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\p{DI}\ufff9-\ufffb](?<!\p{Emoji}[\ufe0e\ufe0f]|\p{Ideographic}[\u{e0100}-\u{e01ef}]|\p{ExtPict}[\ufe0f\p{EMod}]?\u200d(?=\p{ExtPict}))/gu;

/**
 * Nothing to escape and one cell per character: by far the most common text (ASCII, precomposed Latin, Greek,
 * Cyrillic, common punctuation, arrows). Saves the segmenter, which costs half a microsecond per character.
 */
const plain = /^[\x20-\x7e\u00a0-\u00ac\u00ae-\u02ff\u0384-\u0482\u2010-\u2027\u20a0-\u20bf\u2190-\u21ff]*$/;

const shortEscapes: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };

/**
 * The text with everything a terminal would obey or hide written out: `\n`, `\x1b`, `\u202e`, `\u{e0041}`.
 * Backslashes of the text stay single: this is for reading; the exact value is what JSON is for.
 */
export function escapeControls(text: string): string {
  return plain.test(text) ? text : text.replace(unsafe, escaped);
}

function escaped(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  const hex = code.toString(16);
  if (code > 0xffff) return `\\u{${hex}}`;
  if (code > 0xff) return `\\u${hex.padStart(4, "0")}`;
  return shortEscapes[character] ?? `\\x${hex.padStart(2, "0")}`;
}

let segmenter: Intl.Segmenter | undefined;

/** Made when first needed: opening it costs as much as loading ten modules, and most text is plain. */
function graphemesOf(text: string): Intl.Segments {
  segmenter ??= new Intl.Segmenter("en", { granularity: "grapheme" });
  return segmenter.segment(text);
}

const emoji = /\p{Emoji_Presentation}|\p{Emoji}\ufe0f/u;

const noWidth = /^[\p{Mn}\p{Me}\p{Cf}\u1160-\u11ff]$/u;

/** East Asian wide and fullwidth, in the rough blocks terminals use. */
const wide =
  /^[\u1100-\u115f\u2329\u232a\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97c\uac00-\ud7a3\uf900-\ufaff\ufe10-\ufe19\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6\u{16fe0}-\u{18cff}\u{1aff0}-\u{1b2ff}\u{1f200}-\u{1f265}\u{20000}-\u{3fffd}]$/u;

/**
 * Terminal cells the text takes, for text that went through escapeControls. Counting ends once it passes
 * `stop`: the result is then only known to be greater.
 */
export function displayWidth(text: string, stop = Number.POSITIVE_INFINITY): number {
  if (plain.test(text)) return text.length;
  let width = 0;
  for (const { segment } of graphemesOf(text)) {
    width += graphemeWidth(segment);
    if (width > stop) break;
  }
  return width;
}

function graphemeWidth(grapheme: string): number {
  if (emoji.test(grapheme)) return 2;
  let width = 0;
  for (const character of grapheme) {
    if (!noWidth.test(character)) width += wide.test(character) ? 2 : 1;
  }
  return width;
}

/** Characters looked at per cell: more belongs to one cell only in texts that pile up marks. */
const charactersPerCell = 16;

/**
 * The text in at most `width` cells, ending in `…` when something was left out; never cuts a character apart.
 * Costs what is shown, not what is there.
 */
export function truncateTo(text: string, width: number): string {
  const head = headOf(text, (width + 1) * charactersPerCell);
  return clip(head, width, head.length < text.length);
}

/** A message of several lines with all else escaped: what it is made of was escaped where it was put in, or forgotten. */
export function safeLines(text: string): string {
  return text
    .split("\n")
    .map((line) => escapeControls(line))
    .join("\n");
}

/** Escaped and, when a width is given, truncated to it: how foreign text gets into a line. */
export function safeText(text: string, width?: number): string {
  if (width === undefined) return escapeControls(text);
  const head = headOf(text, (width + 1) * charactersPerCell);
  return clip(escapeControls(head), width, head.length < text.length);
}

/** `more` says that the text goes on behind what is given. */
function clip(text: string, width: number, more: boolean): string {
  if (width <= 0) return "";
  if (!more && displayWidth(text, width) <= width) return text;
  if (plain.test(text)) return `${text.slice(0, width - 1)}…`;
  let shown = "";
  let used = 0;
  for (const { segment } of graphemesOf(text)) {
    used += graphemeWidth(segment);
    if (used > width - 1) break;
    shown += segment;
  }
  return `${shown}…`;
}

function headOf(text: string, length: number): string {
  if (text.length <= length) return text;
  const last = text.charCodeAt(length - 1);
  return text.slice(0, last >= 0xd800 && last <= 0xdbff ? length - 1 : length);
}
