import * as kleur from "kleur/colors";

/** Dresses a text; with colour off it returns the text untouched. */
export type Paint = (text: string) => string;

export interface Style {
  readonly enabled: boolean;
  readonly bold: Paint;
  readonly dim: Paint;
  readonly red: Paint;
  readonly green: Paint;
  readonly yellow: Paint;
  readonly blue: Paint;
  readonly magenta: Paint;
  readonly cyan: Paint;
}

// kleur decides by stdout alone; we decide per stream, so its own switch stays on.
kleur.$.enabled = true;

/** Colours bound to one switch: make one per stream, from `io.outColor` or `io.errColor`. Empty text stays empty. */
export function createStyle(enabled: boolean): Style {
  const bind =
    (color: (text: string) => string): Paint =>
    (text) =>
      enabled && text !== "" ? color(text) : text;
  return {
    enabled,
    bold: bind(kleur.bold),
    dim: bind(kleur.dim),
    red: bind(kleur.red),
    green: bind(kleur.green),
    yellow: bind(kleur.yellow),
    blue: bind(kleur.blue),
    magenta: bind(kleur.magenta),
    cyan: bind(kleur.cyan),
  };
}
