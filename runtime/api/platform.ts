/** `platform` in a query, as JSON (from API 1.48 on): which of an image's platforms is meant. */
import type { Image } from '../engine/images.js';
import { EngineError } from '../errors.js';
import { object, string } from './decode.js';
import type { Call } from './routes.js';

const shape = object({ os: string, architecture: string, variant: string, 'os.version': string });

export interface WantedPlatform {
  readonly os: string;
  readonly architecture: string;
  readonly variant?: string;
}

/** Undefined when none is asked for. Throws `invalid`. */
export function readPlatform(call: Call, key: 'platform' | 'platforms' = 'platform'): WantedPlatform | undefined {
  const read = call.query.json(key, shape, 'failed to parse platform');
  if (read === undefined) return undefined;
  const { os = '', architecture = '', variant } = read;
  if (os === '' || architecture === '') throw new EngineError('invalid', 'both OS and Architecture must be provided');
  return { os, architecture, ...(variant ? { variant } : {}) };
}

/** Throws `not-found`: an image here is of one platform. */
export function expectPlatform(name: string, { platform }: Image, wanted: WantedPlatform): void {
  if (isFor(platform, wanted)) return;
  throw new EngineError(
    'not-found',
    `image with reference ${name} was found but its platform (${said(platform)}) does not match the specified platform (${said(wanted)})`,
  );
}

/** The same for an archive, in Docker's other words. Throws `system`. */
export function expectExportable({ platform }: Image, wanted: WantedPlatform): void {
  if (isFor(platform, wanted)) return;
  throw new EngineError('system', `no suitable export target found for platform ${said(wanted)}`);
}

const isFor = (platform: WantedPlatform, wanted: WantedPlatform) =>
  platform.os === wanted.os &&
  platform.architecture === wanted.architecture &&
  (wanted.variant ?? platform.variant) === platform.variant;

const said = ({ os, architecture, variant }: WantedPlatform) =>
  [os, architecture, ...(variant ? [variant] : [])].join('/');
