/** Log drivers: `json-file` and `local` are our one log file, `none` is none. Pure. */
import { join } from 'node:path';
import { EngineError } from '../errors.js';
import type { LogSpec } from '../launch/spec.js';
import type { LogConfig } from './host-config.js';
import type { ContainerRecord } from './types.js';

const options: Readonly<Record<string, readonly string[]>> = {
  'json-file': [
    'max-size',
    'max-file',
    'compress',
    'labels',
    'labels-regex',
    'env',
    'env-regex',
    'tag',
    'mode',
    'max-buffer-size',
  ],
  local: ['max-size', 'max-file', 'compress', 'mode', 'max-buffer-size'],
  none: ['mode', 'max-buffer-size'],
};

/** Throws `invalid` in Docker's words. */
export function checkLogConfig(config: LogConfig): void {
  const known = options[config.Type === '' ? 'json-file' : config.Type];
  if (known === undefined)
    throw new EngineError(
      'invalid',
      `error looking up logging plugin ${config.Type}: plugin ${JSON.stringify(config.Type)} not found`,
    );
  if (config.Type === 'none') return;
  for (const key of Object.keys(config.Config))
    if (!known.includes(key))
      throw new EngineError('invalid', `unknown log opt '${key}' for ${config.Type} log driver`);
  const files = config.Config['max-file'];
  if (files !== undefined && !(Number(files) >= 1)) throw new EngineError('invalid', 'max-file cannot be less than 1');
}

/** `10m`, `1.5g`, `100kb`, `-1`. Throws `invalid`. */
export function parseBytes(text: string): number {
  const parts = /^(-?\d+(?:\.\d+)?) ?([kmgtp]?)i?b?$/i.exec(text.trim());
  if (parts === null) throw new EngineError('invalid', `invalid size: '${text}'`);
  return Math.trunc(Number(parts[1]) * 1024 ** ' kmgtp'.indexOf(parts[2]!.toLowerCase() || ' '));
}

function sizeOf(text: string): number {
  try {
    return parseBytes(text);
  } catch (cause) {
    throw new EngineError(
      'system',
      `failed to create task for container: failed to initialize logging driver: ${(cause as Error).message}`,
      { cause },
    );
  }
}

/** Docker's json-file keeps all unless told; its local driver 5 files of 20 MB. */
export function logSpec(config: LogConfig, directory: string): LogSpec {
  const isLocal = config.Type === 'local';
  const size = config.Config['max-size'];
  const bytes = size === undefined ? (isLocal ? 20 * 1024 * 1024 : -1) : sizeOf(size);
  return {
    path: config.Type === 'none' ? undefined : logPath(directory),
    maxBytes: bytes > 0 ? bytes : undefined,
    maxFiles: Number(config.Config['max-file'] ?? (isLocal ? 5 : 1)),
  };
}

export function logPath(directory: string): string {
  return join(directory, 'log');
}

/** Labels and variables that the driver's options put beside each line: `A=b,x=1`, sorted, as `logs?details=1` shows them. */
export function logDetails({ config, hostConfig }: Pick<ContainerRecord, 'config' | 'hostConfig'>): string {
  const wanted = hostConfig.LogConfig.Config;
  const env = Object.fromEntries((config.Env ?? []).map((entry) => [entry.split('=', 1)[0]!, entry]));
  const values = {
    ...chosenOf(config.Labels ?? {}, wanted.labels, wanted['labels-regex']),
    ...chosenOf(
      Object.fromEntries(Object.entries(env).map(([name, entry]) => [name, entry.slice(name.length + 1)])),
      wanted.env,
      wanted['env-regex'],
    ),
  };
  return Object.keys(values)
    .sort()
    .map((key) => `${encodeURIComponent(key)}=${encodeURIComponent(values[key]!)}`)
    .join(',');
}

function chosenOf(all: Readonly<Record<string, string>>, names = '', pattern = ''): Record<string, string> {
  const listed = new Set(names.split(',').filter(Boolean));
  const matching = pattern === '' ? undefined : new RegExp(pattern);
  return Object.fromEntries(Object.entries(all).filter(([key]) => listed.has(key) || matching?.test(key) === true));
}
