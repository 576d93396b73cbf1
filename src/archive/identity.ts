import { ExitCode, refusal, UserError } from "../errors.ts";
import { ArchiveMissing } from "./failure.ts";
import { single, wholeObject } from "./manifest.ts";
import { identityPath } from "./paths.ts";
import { asArray, asCount, asObject, asText, Malformed } from "./shape.ts";
import type { Target } from "./target.ts";

/** Whose changes an archive holds. */
export interface ArchiveIdentity {
  readonly version: 1;
  readonly installation: {
    readonly database: string;
    readonly schema: string;
    /** Of every server the installation has lived on, oldest first: digits, too great for a number. */
    readonly systemIdentifiers: readonly string[];
  };
  /** ISO 8601. */
  readonly createdAt: string;
}

/** The identity of the archive; undefined where nothing was archived yet. */
export async function readIdentity(target: Target): Promise<ArchiveIdentity | undefined> {
  let text: string;
  try {
    text = (await wholeObject(target, identityPath)).toString("utf8");
  } catch (error) {
    if (error instanceof ArchiveMissing) return undefined;
    throw error;
  }
  try {
    const object = asObject(JSON.parse(text), "the document");
    const version = asCount(object.version, "version");
    if (version !== 1) throw new Malformed(`it has version ${version}, this program reads version 1`);
    const installation = asObject(object.installation, "installation");
    return {
      version: 1,
      installation: {
        database: asText(installation.database, "installation.database"),
        schema: asText(installation.schema, "installation.schema"),
        systemIdentifiers: asArray(installation.system_identifiers, "installation.system_identifiers").map(
          (value) => asText(value, "installation.system_identifiers"),
        ),
      },
      createdAt: asText(object.created_at, "created_at"),
    };
  } catch (error) {
    throw new UserError(
      ExitCode.Surroundings,
      `${identityPath} in ${target.text} cannot be read: ${(error as Error).message}.`,
      { hint: "Fetch it again from a copy of the archive, or give another target.", cause: error },
    );
  }
}

/**
 * Makes the target the archive of this installation, or finds that it is. One that holds another's is refused
 * (exit 5): the same if database and schema are, and a server is among those it has lived on. Servers that
 * were added since are written down.
 */
export async function claimTarget(target: Target, identity: ArchiveIdentity): Promise<void> {
  const there = await readIdentity(target);
  if (there === undefined) return writeIdentity(target, identity);
  requireOwn(target, there, identity);
  const known = there.installation;
  const { systemIdentifiers } = identity.installation;
  const added = systemIdentifiers.filter((one) => !known.systemIdentifiers.includes(one));
  if (added.length === 0) return;
  const merged = [...known.systemIdentifiers, ...added];
  await writeIdentity(target, { ...there, installation: { ...known, systemIdentifiers: merged } });
}

/** Refuses (exit 5) an archive that holds the changes of another installation than this. */
export function requireOwn(target: Target, there: ArchiveIdentity, identity: ArchiveIdentity): void {
  const { database, schema, systemIdentifiers } = identity.installation;
  const known = there.installation;
  const related = systemIdentifiers.some((one) => known.systemIdentifiers.includes(one));
  if (known.database !== database || known.schema !== schema || !related) {
    throw refusal(
      `${target.text} holds the archive of another installation: schema ${known.schema} of database ${known.database}, server ${known.systemIdentifiers.join(", ")}.`,
      `Give ${schema} of ${database} a target of its own.`,
    );
  }
}

async function writeIdentity(
  target: Target,
  { version, installation, createdAt }: ArchiveIdentity,
): Promise<void> {
  const json = {
    version,
    installation: {
      database: installation.database,
      schema: installation.schema,
      system_identifiers: installation.systemIdentifiers,
    },
    created_at: createdAt,
  };
  await target.write(identityPath, single(Buffer.from(`${JSON.stringify(json, null, 2)}\n`)));
}
