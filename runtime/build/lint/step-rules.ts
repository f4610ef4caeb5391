/** Rules about single instructions. */
import type { Instruction } from '../instructions/types.js';
import type { Warning } from '../parse/ast.js';
import type { LintInput } from './lint.js';

export function maintainers({ instructions }: LintInput): Warning[] {
  const found = instructions.filter(({ kind }) => kind === 'maintainer');
  const text = 'MaintainerDeprecated: Maintainer instruction is deprecated in favor of using label';
  return found.map(({ line }) => ({ line, text }));
}

/** The keyword as it is written. */
const written = ({ text }: Instruction) => text.split(/\s/, 1)[0]!;

/** Not where the stage, or one that it stands on, has chosen its own shell: then the shell is meant. */
export function shellForm({ graph }: LintInput): Warning[] {
  const withShell = new Set<number>();
  return graph.stages.flatMap(({ index, base, instructions }) => {
    if (base.kind === 'stage' && withShell.has(base.index)) withShell.add(index);
    return instructions.flatMap((one) => {
      if (one.kind === 'shell') withShell.add(index);
      if ((one.kind !== 'cmd' && one.kind !== 'entrypoint') || one.command.form === 'exec') return [];
      if (withShell.has(index)) return [];
      const text = `JSONArgsRecommended: JSON arguments recommended for ${written(one)} to prevent unintended behavior related to OS signals`;
      return [{ line: one.line, text }];
    });
  });
}

export function repeated({ instructions }: LintInput): Warning[] {
  let seen = new Map<string, Instruction>();
  return instructions.flatMap((one) => {
    if (one.kind === 'from') seen = new Map();
    if (one.kind !== 'cmd' && one.kind !== 'entrypoint' && one.kind !== 'healthcheck') return [];
    const earlier = seen.get(one.kind);
    seen.set(one.kind, one);
    if (earlier === undefined) return [];
    const text = `MultipleInstructionsDisallowed: Multiple ${written(one)} instructions should not be used in the same stage because only the last one will be used`;
    return [{ line: earlier.line, text }];
  });
}

const SECRET = /(?:_|^)(?:apikey|auth|credential|credentials|key|password|pword|passwd|secret|token)(?:_|$)/i;
const PUBLIC = /(?:_|^)(?:public)(?:_|$)/i;

export function secrets({ instructions }: LintInput): Warning[] {
  return instructions.flatMap((one) => {
    if (one.kind !== 'arg' && one.kind !== 'env') return [];
    const keys = one.kind === 'arg' ? one.args.map(({ key }) => key) : one.pairs.map(({ key }) => key);
    return keys
      .filter((key) => SECRET.test(key) && !PUBLIC.test(key))
      .map((key) => ({
        line: one.line,
        text: `SecretsUsedInArgOrEnv: Do not use ARG or ENV instructions for sensitive data (${one.kind.toUpperCase()} "${key}")`,
      }));
  });
}

export function keyValues({ source }: LintInput): Warning[] {
  return source.instructions.flatMap(({ keyword, rest, line }) => {
    const name = keyword.toUpperCase();
    if ((name !== 'ENV' && name !== 'LABEL') || (rest.split(/\s/, 1)[0] ?? '').includes('=') || /^["']/.test(rest))
      return [];
    const text = `LegacyKeyValueFormat: "${name} key=value" should be used instead of legacy "${name} key value" format`;
    return [{ line, text }];
  });
}

export function exposed({ instructions }: LintInput): Warning[] {
  return instructions.flatMap((one) => {
    if (one.kind !== 'expose') return [];
    return one.ports.flatMap((port) => {
      if (port.includes('$')) return [];
      const protocol = port.split('/')[1] ?? '';
      const texts: string[] = [];
      if (port.includes(':'))
        texts.push(
          `ExposeInvalidFormat: EXPOSE instruction should not define an IP address or host-port mapping, found '${port}'`,
        );
      if (protocol !== protocol.toLowerCase())
        texts.push(`ExposeProtoCasing: Defined protocol '${port}' in EXPOSE instruction should be lowercase`);
      return texts.map((text) => ({ line: one.line, text }));
    });
  });
}
