/** `env_file` with `format: raw`: `KEY=value` lines taken as they are, as `docker run --env-file` does it. */
import type { Lookup } from '../interpolate/template.js';
import { problem } from '../problems.js';
import type { Mark, Source } from '../read/source.js';

/** Throws UserError `bad-env-file`. A key alone takes its value from `lookup`, when there is one. */
export function parseRaw(source: Source, lookup: Lookup): Map<string, string> {
  const values = new Map<string, string>();
  let offset = 0;
  for (const raw of source.text.split('\n')) {
    const at: Mark = { source, offset };
    offset += raw.length + 1;
    const line = raw
      .replace(/\r$/, '')
      .replace(/^\uFEFF/, '')
      .trimStart();
    if (line === '' || line.startsWith('#')) continue;
    const equals = line.indexOf('=');
    const key = equals === -1 ? line : line.slice(0, equals);
    checkKey(key, at);
    const value = equals === -1 ? lookup(key.trim()) : line.slice(equals + 1);
    if (value !== undefined) values.set(equals === -1 ? key.trim() : key, value);
  }
  return values;
}

function checkKey(key: string, at: Mark): void {
  if (key === '')
    throw problem('bad-env-file', 'The line has no variable name before the =.', at, ['Write NAME=value.']);
  if (!/[ \t\r\n\v\f\u0085\u00a0]/.test(key)) return;
  throw problem('bad-env-file', `The variable name ${JSON.stringify(key)} contains a blank.`, at, [
    'In a raw file a line is NAME=value and nothing else.',
  ]);
}
