/** The variables that a line of a config uses, and who set them. */
import type { Merged } from '../load.js';
import type { FileReader } from '../reader.js';
import type { LoadRequest } from '../types.js';
import { lineOf } from './dotenv-line.js';

export interface UsedVariable {
  readonly name: string;
  readonly value: string | undefined;
  /** `from the shell`, `/p/.env:3`, `its default is taken`. */
  readonly from: string;
}

const pattern = /\$\$|\$(?:\{([A-Za-z_]\w*)(:?[-?+])?|([A-Za-z_]\w*))/g;

export function usedVariables(line: string, merged: Merged, request: LoadRequest, reader: FileReader): UsedVariable[] {
  const used = new Map<string, UsedVariable>();
  for (const [, braced, operator, bare] of line.matchAll(pattern)) {
    const name = braced ?? bare;
    if (name === undefined || used.has(name)) continue;
    const value = merged.variables.lookup(name);
    const hasDefault = operator?.endsWith('-') ?? false;
    used.set(name, { name, value, from: originOf(name, value, hasDefault, merged, request, reader) });
  }
  return [...used.values()];
}

function originOf(
  name: string,
  value: string | undefined,
  hasDefault: boolean,
  { found }: Merged,
  { env }: LoadRequest,
  reader: FileReader,
): string {
  if (value === undefined) return hasDefault ? 'its default is taken' : 'it is blank';
  if (env[name] !== undefined) return 'from the shell';
  for (const file of [...found.envFiles].reverse()) {
    const place = reader.kind(file) === 'file' ? lineOf(reader.read(file), name) : undefined;
    if (place) return `${file}:${place.line}`;
  }
  return name === 'COMPOSE_PROJECT_NAME' ? "the project's name" : 'from an included env file';
}
