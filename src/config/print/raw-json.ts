/** A config as `docker compose config --no-interpolate --format json` prints it. */
import { loadRaw } from '../load.js';
import { diskReader } from '../reader.js';
import { withRemotes } from '../remote/fetch.js';
import type { LoadRequest } from '../types.js';
import { rawJson } from './json.js';

/** Throws UserErrors, UserError. */
export const rawModelJson = async (request: LoadRequest): Promise<string> =>
  rawJson(await withRemotes(request, (remotes) => loadRaw(request, diskReader, remotes)));
