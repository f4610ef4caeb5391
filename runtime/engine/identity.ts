import { randomUUID } from 'node:crypto';
import type { Engine } from './engine.js';

/** The engine's id in `info`: made once, kept with its data. */
export function engineId(engine: Engine): string {
  const table = engine.foundations.store.table<string>('engine');
  const known = table.get('id');
  if (known !== undefined) return known;
  const id = randomUUID();
  table.put('id', id).catch(() => undefined);
  return id;
}
