/** What is noted on an image's manifest and on an index of it, in buildx's words (OCI image spec, "Annotations"). Pure. */
import { EngineError } from '../errors.js';
import { formatPlatform } from '../images/platform.js';
import type { Annotations, Platform } from '../images/types.js';

const LEVELS = ['manifest', 'manifest-descriptor', 'index'] as const;

type Level = (typeof LEVELS)[number];

/** Where they go, one note a line: `KEY=VALUE`, `index:KEY=VALUE`, `manifest[linux/amd64],index:KEY=VALUE`. Throws `invalid`. */
export function parseAnnotations(words: readonly string[], platform: Platform): Annotations {
  const found: { [level in Level]?: Record<string, string> } = {};
  for (const word of words) {
    const [, where, key = '', value = ''] = /^(?:([a-z[][\w,/[\]-]*):)?([^=]+)=(.*)$/s.exec(word) ?? [];
    if (key === '') throw invalid(word, 'expected key=value');
    for (const part of (where ?? 'manifest').split(',')) {
      const level = levelOf(part, word, platform);
      if (level !== undefined) found[level] = { ...found[level], [key]: value };
    }
  }
  return found;
}

/** Undefined: meant for another platform. */
function levelOf(part: string, word: string, platform: Platform): Level | undefined {
  const [, name, wanted] = /^([a-z-]+)(?:\[(.+)\])?$/.exec(part) ?? [];
  const level = LEVELS.find((one) => one === name);
  if (level === undefined) throw invalid(word, `unknown annotation type ${JSON.stringify(part)}`);
  return wanted === undefined || wanted === formatPlatform(platform) ? level : undefined;
}

const invalid = (word: string, why: string) =>
  new EngineError('invalid', `invalid annotation ${JSON.stringify(word)}: ${why}`);

/** An index is made for what is said beside an image only. Throws `invalid`. */
export function checkIndexed({ index }: Annotations, isIndexed: boolean): void {
  if (index !== undefined && !isIndexed)
    throw new EngineError('invalid', 'index annotations not supported for single platform export');
}
