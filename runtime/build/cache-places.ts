import { isAbsolute } from 'node:path';
import { EngineError } from '../errors.js';
import type { CachePlace } from './types.js';

/** `image:tag`, `type=registry,ref=…`, `type=local,src=FOLDER`; `type=inline` is no place of its own. Throws `invalid`. */
export function parseCachePlace(text: string): CachePlace | 'inline' {
  if (!text.includes('=')) return { type: 'registry', ref: text };
  const fields = new Map(
    text.split(',').map((field) => [field.split('=', 1)[0]!.trim(), field.slice(field.indexOf('=') + 1)]),
  );
  const type = fields.get('type');
  const mode = fields.get('mode') === 'max' ? ({ mode: 'max' } as const) : {};
  const ref = fields.get('ref');
  const path = fields.get('src') ?? fields.get('dest');
  if (type === 'inline') return 'inline';
  if (type === 'registry' && ref) return { type, ref, ...mode };
  if (type === 'local' && path && isAbsolute(path)) return { type, path, ...mode };
  throw new EngineError(
    'invalid',
    `the cache "${text}" cannot be used: registry (ref=), local (src= or dest=) and inline can`,
  );
}
