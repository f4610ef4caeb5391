import { EngineError } from '../../errors.js';
import type { Comparison, Condition } from './bpf.js';

/**
 * A seccomp profile as Docker's `--security-opt seccomp=FILE` takes it (Docker's own form with includes and excludes, or
 * the OCI runtime specification's linux.seccomp). Names of capabilities have their CAP_ here, as in those files.
 */
export interface SeccompProfile {
  readonly defaultAction: string;
  readonly defaultErrnoRet?: number;
  /** Which other ways into the kernel are open beside the machine's own: Docker's form… */
  readonly archMap?:
    | readonly { readonly architecture: string; readonly subArchitectures?: readonly string[] | null }[]
    | null;
  /** …and the OCI's. */
  readonly architectures?: readonly string[] | null;
  readonly syscalls?: readonly SeccompRule[] | null;
}

export interface SeccompRule {
  readonly names?: readonly string[] | null;
  /** The older form, one a rule. */
  readonly name?: string;
  readonly action: string;
  readonly errnoRet?: number;
  readonly args?: readonly SeccompArgument[] | null;
  readonly includes?: SeccompFilter | null;
  readonly excludes?: SeccompFilter | null;
}

export interface SeccompArgument {
  readonly index: number;
  readonly value: number;
  readonly valueTwo?: number;
  readonly op: string;
}

export interface SeccompFilter {
  readonly caps?: readonly string[] | null;
  readonly arches?: readonly string[] | null;
  /** `4.8`; every kernel that we run on is newer. */
  readonly minKernel?: string;
}

/** `action` is a return value of a filter (seccomp(2)); the conditions must all hold, none is always. */
export interface Rule {
  readonly action: number;
  readonly conditions: readonly Condition[];
}

/** Reads the text of a profile. Throws `invalid` with Docker's sentence when it is none. */
export function parseSeccompProfile(text: string): SeccompProfile {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw invalid((cause as Error).message, cause);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw invalid('it is not a JSON object');
  const profile = value as Partial<SeccompProfile>;
  if (typeof profile.defaultAction !== 'string') throw invalid('it has no defaultAction');
  if (profile.syscalls !== undefined && profile.syscalls !== null && !Array.isArray(profile.syscalls))
    throw invalid('syscalls is not a list');
  return profile as SeccompProfile;
}

/** Names (SCMP_ARCH_*) of the architectures whose calls a profile judges on a machine of this one. */
export function judgedArchitectures(profile: SeccompProfile, own: string): readonly string[] {
  const mapped = (profile.archMap ?? []).find(({ architecture }) => architecture === own);
  return [own, ...(mapped?.subArchitectures ?? []), ...(profile.architectures ?? [])];
}

/** The rules that count for a container with these capabilities (without CAP_), by the name of the system call. */
export function applicableRules(
  profile: SeccompProfile,
  capabilities: readonly string[],
  architecture: string,
): Map<string, Rule[]> {
  const rules = new Map<string, Rule[]>();
  const meets = (filter: SeccompFilter | null | undefined, wanted: boolean) => {
    const arches = filter?.arches ?? [];
    const caps = (filter?.caps ?? []).map((name) => capabilities.includes(name.replace(/^CAP_/, '')));
    if (wanted) return (arches.length === 0 || arches.includes(architecture)) && caps.every(Boolean);
    return !arches.includes(architecture) && !caps.some(Boolean);
  };
  for (const rule of profile.syscalls ?? []) {
    if (!meets(rule.includes, true) || !meets(rule.excludes, false)) continue;
    const made = conditionSets(rule.args ?? []).map((conditions) => ({
      action: actionValue(rule.action, rule.errnoRet),
      conditions,
    }));
    for (const name of rule.names ?? (rule.name === undefined ? [] : [rule.name]))
      rules.set(name, [...(rules.get(name) ?? []), ...made]);
  }
  return rules;
}

/** Two conditions on the same argument are alternatives, as runc has it; on different ones all must hold. */
function conditionSets(args: readonly SeccompArgument[]): Condition[][] {
  const conditions = args.map(conditionOf);
  const repeated = new Set(conditions.map((condition) => condition.index)).size < conditions.length;
  return repeated ? conditions.map((condition) => [condition]) : [conditions];
}

const COMPARISONS: readonly Comparison[] = ['NE', 'LT', 'LE', 'EQ', 'GE', 'GT', 'MASKED_EQ'];

function conditionOf(argument: SeccompArgument): Condition {
  const comparison = COMPARISONS.find((name) => `SCMP_CMP_${name}` === argument.op);
  if (comparison === undefined) throw invalid(`unknown operator ${argument.op}`);
  if (!Number.isInteger(argument.index) || argument.index < 0 || argument.index > 5)
    throw invalid(`a system call has no argument ${argument.index}`);
  return {
    index: argument.index,
    comparison,
    value: unsigned(argument.value),
    second: unsigned(argument.valueTwo ?? 0),
  };
}

function unsigned(value: number): bigint {
  if (!Number.isInteger(value) || value < 0) throw invalid(`${value} is no value of an argument`);
  // JSON's numbers cannot tell the largest from one more.
  return value >= 2 ** 64 ? 2n ** 64n - 1n : BigInt(value);
}

/** SECCOMP_RET_*: what a filter answers. */
const ACTIONS: Readonly<Record<string, number>> = {
  SCMP_ACT_KILL: 0x00000000,
  SCMP_ACT_KILL_THREAD: 0x00000000,
  SCMP_ACT_KILL_PROCESS: 0x80000000,
  SCMP_ACT_TRAP: 0x00030000,
  SCMP_ACT_ERRNO: 0x00050000,
  SCMP_ACT_TRACE: 0x7ff00000,
  SCMP_ACT_LOG: 0x7ffc0000,
  SCMP_ACT_ALLOW: 0x7fff0000,
};

const EPERM = 1;

/** `errno` counts for ERRNO and TRACE; EPERM when it is not said. */
export function actionValue(name: string, errno: number | undefined): number {
  const action = ACTIONS[name];
  if (name === 'SCMP_ACT_NOTIFY') throw invalid('SCMP_ACT_NOTIFY needs a listener, which the engine does not have');
  if (action === undefined) throw invalid(`unknown action ${name}`);
  const takesErrno = name === 'SCMP_ACT_ERRNO' || name === 'SCMP_ACT_TRACE';
  return takesErrno ? (action | ((errno ?? EPERM) & 0xffff)) >>> 0 : action;
}

function invalid(reason: string, cause?: unknown): EngineError {
  return new EngineError('invalid', `Decoding seccomp profile failed: ${reason}`, { cause });
}
