import { ExitCode, UserError } from "../errors.ts";

/** An object that should be there is not. */
export class ArchiveMissing extends UserError {
  constructor(place: string, path: string) {
    super(ExitCode.Surroundings, `There is no ${path} in ${place}.`, {
      hint: "Was the archive moved or cleared out? audit archive verify tells what else is missing.",
    });
    this.name = "ArchiveMissing";
  }
}

/** An object is there, but it is not what was written: `why` is a clause that follows its name. */
export class ArchiveDamaged extends UserError {
  constructor(path: string, why: string, options: { cause?: unknown } = {}) {
    super(ExitCode.Surroundings, `The archived file ${path} ${why}.`, {
      hint: "Fetch it again from a copy of the archive; audit archive verify tells what else is damaged.",
      cause: options.cause,
    });
    this.name = "ArchiveDamaged";
  }
}

/** The archive could not be reached, read or written. */
export function archiveFailure(message: string, cause?: unknown, hint?: string): UserError {
  return new UserError(ExitCode.Surroundings, message, { cause, hint });
}
