/**
 * The only folder that compares API versions: which a path asks for, whether we speak it, and what an answer looks like in an old one.
 */
import { EngineError } from '../../errors.js';

const maximumMinor = 51;
const minimumMinor = 24;
export const maximumVersion = `1.${maximumMinor}`;
export const minimumVersion = `1.${minimumMinor}`;

/** A version `1.MINOR` that we speak. */
export class ApiVersion {
  constructor(readonly minor: number) {}

  /** `atLeast('1.42')` */
  atLeast(version: `1.${number}`): boolean {
    return this.minor >= Number(version.slice(2));
  }

  toString(): string {
    return `1.${this.minor}`;
  }
}

/** A version that we do not speak. Docker tells clients older than 1.24 so in plain text, all others in JSON. */
export class VersionError extends EngineError {
  constructor(
    sentence: string,
    readonly plainText: boolean,
  ) {
    super('invalid', sentence);
  }
}

/** `/v1.47/containers/json` → version text `1.47` and the path behind it; a path without a version stays whole. */
export function splitVersion(path: string): { readonly text: string | undefined; readonly path: string } {
  const match = /^\/v([0-9.]+)(\/.*)$/.exec(path);
  return match ? { text: match[1]!, path: match[2]! } : { text: undefined, path };
}

/** Source of both sentences: clients of Docker 28 match them. No version means our newest. Throws VersionError. */
export function negotiate(text: string | undefined): ApiVersion {
  if (text === undefined) return new ApiVersion(maximumMinor);
  const [major = 0, minor = 0] = text.split('.').map(Number);
  if (major > 1 || (major === 1 && minor > maximumMinor))
    throw new VersionError(
      `client version ${text} is too new. Maximum supported API version is ${maximumVersion}`,
      false,
    );
  if (major < 1 || minor < minimumMinor)
    throw new VersionError(
      `client version ${text} is too old. Minimum supported API version is ${minimumVersion}, please upgrade your client to a newer version`,
      true,
    );
  return new ApiVersion(minor);
}

/** Whether a version has a route that came with `since` and went after `until`. */
export function availableIn(
  version: ApiVersion,
  range: { readonly since?: `1.${number}`; readonly until?: `1.${number}` },
): boolean {
  if (range.since && !version.atLeast(range.since)) return false;
  return !range.until || version.minor <= Number(range.until.slice(2));
}
