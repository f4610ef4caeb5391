import { EngineError } from '../../errors.js';
import type { BuildOptions } from '../types.js';

type Wishes = Pick<BuildOptions, 'buildArgs' | 'sourceDateEpoch' | 'rewriteTimestamps'>;

/** Seconds since the epoch that the image is said to be from. Throws `invalid` for an argument that is no number. */
export function epochOf({ buildArgs, sourceDateEpoch }: Wishes): number | undefined {
  if (sourceDateEpoch !== undefined) return sourceDateEpoch;
  const text = buildArgs.SOURCE_DATE_EPOCH ?? '';
  if (text === '') return undefined;
  if (/^\d{1,12}$/.test(text)) return Number(text);
  throw new EngineError('invalid', `invalid SOURCE_DATE_EPOCH: ${text}`);
}

/** The latest time that a file of a new layer may have. */
export function clampOf(options: Wishes): number | undefined {
  return options.rewriteTimestamps ? epochOf(options) : undefined;
}

export function layerOptions({ options }: { readonly options: Wishes }): { clampMtime?: number } {
  const clamp = clampOf(options);
  return clamp === undefined ? {} : { clampMtime: clamp };
}
