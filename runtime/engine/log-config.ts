/** Log drivers: `json-file` and `local` are our one log file, `none` is none. Pure. */
import { join } from 'node:path';
import { EngineError } from '../errors.js';
import type { LogSpec } from '../launch/spec.js';
import { parseGoBool } from './filters.js';
import type { LogConfig } from './host-config.js';
import type { ContainerRecord } from './types.js';

const options: Readonly<Record<string, readonly string[]>> = {
  'json-file': ['max-size', 'max-file', 'compress', 'labels', 'labels-regex', 'env', 'env-regex', 'tag'],
  local: ['max-size', 'max-file', 'compress'],
  none: [],
};

/** What create looks at: the driver, how it is fed, and the names of its options. Throws `invalid` in Docker's words. */
export function checkLogConfig({ Type, Config }: LogConfig): void {
  if (Type === 'none') return;
  checkDelivery(Config);
  const known = options[Type === '' ? 'json-file' : Type];
  if (known === undefined)
    throw new EngineError(
      'invalid',
      `error looking up logging plugin ${Type}: plugin ${JSON.stringify(Type)} not found`,
    );
  const driver = Type === 'local' ? 'log driver local' : `${Type} log driver`;
  for (const key of Object.keys(Config))
    if (!known.includes(key) && key !== 'mode' && key !== 'max-buffer-size')
      throw new EngineError('invalid', `unknown log opt '${key}' for ${driver}`);
}

function checkDelivery({ mode = '', 'max-buffer-size': buffer }: LogConfig['Config']): void {
  if (!['', 'blocking', 'non-blocking'].includes(mode))
    throw new EngineError('invalid', `logger: logging mode not supported: ${mode}`);
  if (buffer === undefined) return;
  if (mode !== 'non-blocking')
    throw new EngineError('invalid', "logger: max-buffer-size option is only supported with 'mode=non-blocking'");
  try {
    parseBytes(buffer);
  } catch (cause) {
    throw new EngineError('invalid', `error parsing option max-buffer-size: ${(cause as Error).message}`, { cause });
  }
}

/** What only the start looks at: the values. Throws `system` in Docker's words. */
export function checkLogStart(config: LogConfig): void {
  if (config.Type === 'none') return;
  const why = config.Type === 'local' ? localMistake(config.Config) : jsonFileMistake(config.Config);
  if (why !== undefined)
    throw new EngineError('system', `failed to create task for container: failed to initialize logging driver: ${why}`);
}

function jsonFileMistake(config: LogConfig['Config']): string | undefined {
  const { 'max-size': size, 'max-file': files, compress } = config;
  const isSized = size !== undefined;
  const shrinks = compress === undefined ? false : parseGoBool(compress);
  if (isSized && decimalBytes(size) === undefined) return `invalid size: '${size}'`;
  if (isSized && decimalBytes(size) === 0) return 'max-size must be a positive number';
  if (files !== undefined && !/^[+-]?\d+$/.test(files))
    return `strconv.Atoi: parsing ${JSON.stringify(files)}: invalid syntax`;
  if (Number(files ?? 1) < 1) return 'max-file cannot be less than 1';
  if (shrinks === undefined) return `strconv.ParseBool: parsing ${JSON.stringify(compress)}: invalid syntax`;
  if (shrinks && (!isSized || Number(files ?? 1) < 2))
    return 'compress cannot be true when max-file is less than 2 or max-size is not set';
  return patternMistake(config['labels-regex']) ?? patternMistake(config['env-regex']);
}

function patternMistake(pattern = ''): string | undefined {
  try {
    new RegExp(pattern);
    return undefined;
  } catch {
    return `error parsing regexp: ${JSON.stringify(pattern)}`;
  }
}

function localMistake({ 'max-size': size, 'max-file': files, compress }: LogConfig['Config']): string | undefined {
  const shrinks = compress === undefined ? true : parseGoBool(compress);
  if (size !== undefined && decimalBytes(size) === undefined)
    return `invalid value for max-size: ${size}: invalid size: '${size}'`;
  if (files !== undefined && !/^[+-]?\d+$/.test(files))
    return `invalid value for max-file: ${files}: strconv.Atoi: parsing ${JSON.stringify(files)}: invalid syntax`;
  if (shrinks === undefined)
    return `error reading compress log option: strconv.ParseBool: parsing ${JSON.stringify(compress)}: invalid syntax`;
  if (shrinks && Number(files ?? 5) < 2) return 'compression cannot be enabled when max file count is 1';
  return undefined;
}

/** Sizes of log files count in thousands (go-units' FromHumanSize). Undefined for what is no size. */
function decimalBytes(text: string): number | undefined {
  const parts = /^(\d+(?:\.\d+)?) ?([kmgtp]?)i?b?$/i.exec(text.trim());
  return parts === null
    ? undefined
    : Math.trunc(Number(parts[1]) * 1000 ** ' kmgtp'.indexOf(parts[2]!.toLowerCase() || ' '));
}

/** `10m`, `1.5g`, `100kb`, `-1`. Throws `invalid`. */
export function parseBytes(text: string): number {
  const parts = /^(-?\d+(?:\.\d+)?) ?([kmgtp]?)i?b?$/i.exec(text.trim());
  if (parts === null) throw new EngineError('invalid', `invalid size: '${text}'`);
  return Math.trunc(Number(parts[1]) * 1024 ** ' kmgtp'.indexOf(parts[2]!.toLowerCase() || ' '));
}

/** Docker's json-file keeps all unless told; its local driver 5 files of 20 MB, the older ones compressed. */
export function logSpec({ Type, Config }: LogConfig, directory: string): LogSpec {
  const isLocal = Type === 'local';
  const { 'max-size': size, 'max-file': files, compress } = Config;
  const bytes = size === undefined ? (isLocal ? 20_000_000 : 0) : (decimalBytes(size) ?? 0);
  return {
    path: Type === 'none' ? undefined : logPath(directory),
    maxBytes: bytes > 0 ? bytes : undefined,
    maxFiles: Number(files ?? (isLocal ? 5 : 1)),
    compresses: compress === undefined ? isLocal : parseGoBool(compress) === true,
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
