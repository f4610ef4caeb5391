/** Rules about FROM. */

import { parsePlatform } from '../../images/parse-platform.js';
import { formatPlatform, hostPlatform } from '../../images/platform.js';
import { processWord } from '../expand/expand.js';
import type { Arg, From } from '../instructions/types.js';
import type { Warning } from '../parse/ast.js';
import { nearest } from '../parse/suggest.js';
import type { LintInput } from './lint.js';

const RESERVED = new Set(['context', 'scratch']);

export function stageNames({ instructions }: LintInput): Warning[] {
  const seen = new Set<string>();
  return instructions.flatMap((one) => {
    if (one.kind !== 'from' || one.name === undefined) return [];
    const { name, line } = one;
    const texts: string[] = [];
    if (writtenName(one) !== name) texts.push(`StageNameCasing: Stage name '${writtenName(one)}' should be lowercase`);
    if (seen.has(name)) texts.push(`DuplicateStageName: Duplicate stage name "${name}", stage names should be unique`);
    if (RESERVED.has(name))
      texts.push(`ReservedStageName: Stage name should not use the same name as reserved stage "${name}"`);
    seen.add(name);
    return texts.map((text) => ({ line, text }));
  });
}

const words = ({ text }: From) => text.trim().split(/\s+/);
const writtenName = (from: From) => words(from).at(-1)!;

export function fromRules(input: LintInput): Warning[] {
  const { instructions } = input;
  const first = instructions.findIndex(({ kind }) => kind === 'from');
  const globals = instructions.slice(0, first).filter((one): one is Arg => one.kind === 'arg');
  const froms = instructions.filter((one): one is From => one.kind === 'from');
  return [
    ...froms.flatMap((from) => [...asCasing(from), ...platforms(from)]),
    ...froms.flatMap((from) => undeclared(from, globals, input)),
    ...froms.flatMap((from) => emptyDefaults(from, globals, input)),
  ];
}

function asCasing(from: From): Warning[] {
  if (from.name === undefined) return [];
  const keyword = words(from)[0]!;
  const as = words(from).at(-2)!;
  const isUpper = (word: string) => word === word.toUpperCase();
  const isLower = (word: string) => word === word.toLowerCase();
  if (
    (isLower(keyword) && isLower(as)) ||
    (isUpper(keyword) && isUpper(as)) ||
    (!isUpper(keyword) && !isLower(keyword))
  )
    return [];
  return [{ line: from.line, text: `FromAsCasing: '${as}' and '${keyword}' keywords' casing do not match` }];
}

function platforms({ platform, line }: From): Warning[] {
  if (platform === undefined || platform === '') return [];
  if (/^\$(TARGETPLATFORM|\{TARGETPLATFORM\})$/.test(platform)) {
    const text = `RedundantTargetPlatform: Setting platform to predefined ${platform} in FROM is redundant as this is the default behavior`;
    return [{ line, text }];
  }
  if (platform.includes('$')) return [];
  const text = `FromPlatformFlagConstDisallowed: FROM --platform flag should not use constant value "${platform}"`;
  return [{ line, text }];
}

/** An image of one platform is taken whatever it is for; no other image is here to look at. */
export function basePlatforms({ graph, basePlatform, platform }: LintInput): Warning[] {
  const target = platform ?? hostPlatform(process.arch);
  return graph.needed.flatMap(({ base, from, platform: said }) => {
    const actual = base.kind === 'image' ? basePlatform?.(base.name) : undefined;
    const expected = said === undefined ? target : attempt(() => parsePlatform(said, target));
    if (base.kind !== 'image' || actual === undefined || expected === undefined) return [];
    if (actual.os === expected.os && actual.architecture === expected.architecture) return [];
    const [has, wanted] = [formatPlatform(actual), formatPlatform(expected)];
    const text = `InvalidBaseImagePlatform: Base image ${base.name} was pulled with platform "${has}", expected "${wanted}" for current build`;
    return [{ line: from.line, text }];
  });
}

const FAMILY = ['PLATFORM', 'OS', 'ARCH', 'VARIANT'].flatMap((one) => [`BUILD${one}`, `TARGET${one}`]);
const PREDEFINED = [...FAMILY, 'TARGETSTAGE'];

function undeclared(from: From, globals: readonly Arg[], { source }: LintInput): Warning[] {
  const declared = new Set([...PREDEFINED, ...globals.flatMap(({ args }) => args.map(({ key }) => key))]);
  const used = new Set<string>();
  const note = (name: string) => {
    used.add(name);
    return undefined;
  };
  for (const text of [from.platform ?? '', from.image]) attempt(() => processWord(text, note, source.directives));
  return [...used]
    .filter((name) => !declared.has(name))
    .map((name) => {
      const near = nearest(name, [...declared]);
      const hint = near === undefined ? '' : ` (did you mean ${near}?)`;
      return { line: from.line, text: `UndefinedArgInFrom: FROM argument '${name}' is not declared${hint}` };
    });
}

/** With nothing but defaults the image's name must be one. */
function emptyDefaults(from: From, globals: readonly Arg[], { source }: LintInput): Warning[] {
  if (!from.image.includes('$')) return [];
  const values = new Map<string, string>();
  const expand = (text: string) =>
    attempt(() =>
      processWord(text, (name) => values.get(name) ?? (PREDEFINED.includes(name) ? 'x' : undefined), source.directives),
    ) ?? '';
  for (const { args } of globals)
    for (const { key, value } of args) if (value !== undefined) values.set(key, expand(value));
  const image = expand(from.image);
  if (/^[a-z0-9][\w./:@-]*$/i.test(image) && !/[:/@]$/.test(image)) return [];
  const text = `InvalidDefaultArgInFrom: Default value for ARG ${from.image} results in empty or invalid base image name`;
  return [{ line: from.line, text }];
}

function attempt<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch {
    return undefined;
  }
}
