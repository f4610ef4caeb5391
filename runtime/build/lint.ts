/** Cheap warnings, under the names that `docker build --check` gives them. Pure. */
import type { Instruction } from './instructions/types.js';
import type { SourceFile, Warning } from './parse/ast.js';

type Rule = (source: SourceFile, instructions: readonly Instruction[]) => Warning[];

const SECRET = /(^|_)(apikey|auth|credential|credentials|key|password|pword|passwd|secret|token)(_|$)/i;
const RESERVED = new Set(['context', 'scratch']);

const RULES: readonly Rule[] = [
  stageNames,
  keywordCasing,
  (_, all) =>
    each(all, 'maintainer', () => 'MaintainerDeprecated: Maintainer instruction is deprecated in favor of using label'),
  shellForm,
  workdirs,
  repeated,
  secrets,
];

export function lint(source: SourceFile, instructions: readonly Instruction[]): Warning[] {
  const found = RULES.flatMap((rule) => rule(source, instructions));
  return found.sort((a, b) => (a.line ?? 0) - (b.line ?? 0));
}

function each<K extends Instruction['kind']>(
  all: readonly Instruction[],
  kind: K,
  check: (one: Extract<Instruction, { kind: K }>) => string | undefined,
): Warning[] {
  return all.flatMap((one) => {
    const text = one.kind === kind ? check(one as Extract<Instruction, { kind: K }>) : undefined;
    return text === undefined ? [] : [{ line: one.line, text }];
  });
}

function stageNames(_: SourceFile, all: readonly Instruction[]): Warning[] {
  const seen = new Set<string>();
  return each(all, 'from', ({ name, text }) => {
    if (name === undefined) return undefined;
    const twice = seen.has(name);
    seen.add(name);
    const written = text.split(/\s+/).at(-1)!;
    if (twice) return `DuplicateStageName: Duplicate stage name '${name}', stage names should be unique`;
    if (RESERVED.has(name))
      return `ReservedStageName: Stage name should not use the same name as reserved stage "${name}"`;
    if (written !== name) return `StageNameCasing: Stage name '${written}' should be lowercase`;
    return undefined;
  });
}

function keywordCasing({ instructions }: SourceFile): Warning[] {
  const mixed = instructions.filter(({ keyword }) => keyword !== keyword.toUpperCase());
  const odd =
    mixed.length * 2 > instructions.length
      ? instructions.filter(({ keyword }) => keyword !== keyword.toLowerCase())
      : mixed;
  const wanted = odd === mixed ? 'uppercase' : 'lowercase';
  return odd.map(({ keyword, line }) => ({
    line,
    text: `ConsistentInstructionCasing: Command '${keyword}' should match the case of the command majority (${wanted})`,
  }));
}

function shellForm(_: SourceFile, all: readonly Instruction[]): Warning[] {
  return all.flatMap((one) => {
    if ((one.kind !== 'cmd' && one.kind !== 'entrypoint') || one.command.form === 'exec') return [];
    const name = one.kind.toUpperCase();
    const text = `JSONArgsRecommended: JSON arguments recommended for ${name} to prevent unintended behavior related to OS signals`;
    return [{ line: one.line, text }];
  });
}

/** A relative one before any absolute one depends on the base image. */
function workdirs(_: SourceFile, all: readonly Instruction[]): Warning[] {
  let absolute = false;
  return all.flatMap((one) => {
    if (one.kind === 'from') absolute = false;
    if (one.kind !== 'workdir') return [];
    if (/^[/$]/.test(one.path)) absolute = true;
    if (absolute) return [];
    const text = `WorkdirRelativePath: Relative workdir "${one.path}" can have unexpected results if the base image changes`;
    return [{ line: one.line, text }];
  });
}

function repeated(_: SourceFile, all: readonly Instruction[]): Warning[] {
  let seen = new Map<string, Instruction>();
  return all.flatMap((one) => {
    if (one.kind === 'from') seen = new Map();
    if (one.kind !== 'cmd' && one.kind !== 'entrypoint' && one.kind !== 'healthcheck') return [];
    const earlier = seen.get(one.kind);
    seen.set(one.kind, one);
    if (earlier === undefined) return [];
    const name = one.kind.toUpperCase();
    const text = `MultipleInstructionsDisallowed: Multiple ${name} instructions should not be used in the same stage because only the last one will be used`;
    return [{ line: earlier.line, text }];
  });
}

function secrets(_: SourceFile, all: readonly Instruction[]): Warning[] {
  return all.flatMap((one) => {
    if (one.kind !== 'arg' && one.kind !== 'env') return [];
    const keys = one.kind === 'arg' ? one.args.map(({ key }) => key) : one.pairs.map(({ key }) => key);
    return keys
      .filter((key) => SECRET.test(key))
      .map((key) => ({
        line: one.line,
        text: `SecretsUsedInArgOrEnv: Do not use ARG or ENV instructions for sensitive data (${one.kind.toUpperCase()} "${key}")`,
      }));
  });
}
