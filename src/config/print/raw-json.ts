/** A config as `docker compose config --no-interpolate --format json` prints it: merged and in its long form, but not decoded. */
import type { FileReader } from '../reader.js';
import { diskReader } from '../reader.js';
import type { LoadRequest } from '../types.js';
import { loadFrom } from '../load.js';
import { projectJson } from './json.js';

export function rawModelJson(request: LoadRequest, reader: FileReader = diskReader): string {
  return projectJson(loadFrom(request, reader).project);
}
