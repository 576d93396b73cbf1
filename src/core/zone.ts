import { usageError } from "../errors.ts";
import { escapeControls } from "./safe.ts";

const ZONE_NAME =
  /^(?:[A-Za-z_]+(?:[/-][A-Za-z_]+)*|Etc\/(?:GMT|UTC)[+-]?\d{1,2}|GMT[+-]?0|[ECMP]ST\d[ECMP]DT)$/i;

const ZONE_HINT = "Name a zone such as Europe/Berlin or UTC with --tz.";

/**
 * The zone instants are read and shown in: --tz, else PGTZ, else TZ, else this machine's. --tz takes names
 * only, because `+02:00` means two hours *west* to POSIX and PostgreSQL. PGTZ and TZ keep the meaning they
 * have elsewhere. Whether the zone exists is for the server to say.
 */
export function resolveZone(
  flag: string | undefined,
  env: Readonly<Record<string, string | undefined>>,
  machineZone: string = new Intl.DateTimeFormat().resolvedOptions().timeZone,
): string {
  if (flag !== undefined) {
    if (ZONE_NAME.test(flag)) return flag;
    const why = /^(?:[A-Za-z]*[+-])?\d/.test(flag) ? " An offset is east to some and west to others." : "";
    throw usageError(`"${escapeControls(flag)}" is not the name of a time zone.${why}`, ZONE_HINT);
  }
  return env.PGTZ || zoneOfTz(env.TZ ?? "") || machineZone;
}

/** TZ may be a path into the zone files; /etc/localtime and its like name no zone and count as unset. */
function zoneOfTz(value: string): string {
  const name = value.replace(/^:/, "").replace(/^.*\/zoneinfo\/(?:posix\/|right\/)?/, "");
  return name.startsWith("/") ? "" : name;
}
