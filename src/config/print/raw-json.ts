/** A config as `docker compose config --no-interpolate --format json` prints it. */
import { loadRaw } from '../load.js';
import type { LoadRequest } from '../types.js';
import { rawJson } from './json.js';

/** Throws UserErrors, UserError. */
export const rawModelJson = (request: LoadRequest): string => rawJson(loadRaw(request));
