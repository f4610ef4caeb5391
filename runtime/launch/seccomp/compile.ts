import {
  DATA,
  encode,
  type Instruction,
  ifEqual,
  ifGreaterEqual,
  JUMP_MAX,
  jump,
  load,
  ret,
  test,
  testNarrow,
} from './bpf.js';
import { defaultProfile } from './default-profile.js';
import {
  actionValue,
  applicableRules,
  judgedArchitectures,
  parseSeccompProfile,
  type Rule,
  type SeccompProfile,
} from './profile.js';
import { SYSCALLS_AARCH64, SYSCALLS_X86_64 } from './syscalls.js';
import { SYSCALLS_I386, SYSCALLS_X32 } from './syscalls-x86.js';

type Syscalls = ReadonlyMap<string, number>;

interface Architecture {
  /** AUDIT_ARCH_* of the kernel. */
  readonly audit: number;
  /** As profiles name it, in conditions and in lists. */
  readonly name: string;
  readonly listed: string;
  readonly syscalls: Syscalls;
}

const ARCHITECTURES: Readonly<Record<string, Architecture>> = {
  x64: { audit: 0xc000003e, name: 'amd64', listed: 'SCMP_ARCH_X86_64', syscalls: SYSCALLS_X86_64 },
  arm64: { audit: 0xc00000b7, name: 'arm64', listed: 'SCMP_ARCH_AARCH64', syscalls: SYSCALLS_AARCH64 },
};

const AUDIT_ARCH_I386 = 0x40000003;
/** Bit 30 marks the x32 calls of an x86-64 kernel, which would otherwise be a way around a filter by number. */
const X32 = 0x40000000;
const ENOSYS = 38;
const KILL_THREAD = 0;

/**
 * A filter as a struct sock_filter array, for LaunchSpec.seccomp and ExecSpec.seccomp. `profile`: `default` is Docker's
 * own; a text is JSON in Docker's or the OCI's form. `capabilities` are the container's, without CAP_: the default
 * profile opens what they need. Calls of an architecture that the profile does not name end their thread, as with Docker.
 * Throws `invalid` for a profile that is none.
 */
export function compileSeccomp(
  profile: string | SeccompProfile,
  capabilities: readonly string[],
  architecture: string = process.arch,
): Uint8Array {
  const machine = ARCHITECTURES[architecture];
  if (machine === undefined) throw new RangeError(`no table of system calls for ${architecture}`);
  const wanted =
    profile === 'default' ? defaultProfile : typeof profile === 'string' ? parseSeccompProfile(profile) : profile;
  const fallback = actionValue(wanted.defaultAction, wanted.defaultErrnoRet);
  const rules = applicableRules(wanted, capabilities, machine.name);
  const judged = judgedArchitectures(wanted, machine.listed);
  const judge = (syscalls: Syscalls, compare = testNarrow, from = 0) =>
    searchTree(ranges({ profile: wanted, rules, syscalls, fallback, compare, first: from }));
  const own = judge(machine.syscalls, test);
  const refused = [ret(KILL_THREAD)];
  if (machine.name !== 'amd64') return encode(choose(machine.audit, [load(DATA.number), ...own], refused));
  const x32 = judged.includes('SCMP_ARCH_X32') ? judge(SYSCALLS_X32, testNarrow, X32) : refused;
  const native = [load(DATA.number), ...past(ifGreaterEqual, X32, own), ...x32];
  const i386 = judged.includes('SCMP_ARCH_X86') ? [load(DATA.number), ...judge(SYSCALLS_I386)] : undefined;
  return encode(
    choose(machine.audit, native, i386 === undefined ? refused : choose(AUDIT_ARCH_I386, i386, refused, false)),
  );
}

/** `code` for calls of that architecture, else `other`. */
function choose(
  audit: number,
  code: readonly Instruction[],
  other: readonly Instruction[],
  loads = true,
): Instruction[] {
  const unequal = (k: number, jt: number, jf: number) => ifEqual(k, jf, jt);
  return [...(loads ? [load(DATA.architecture)] : []), ...past(unequal, audit, code), ...other];
}

/** `code` unless the test holds: then what comes behind it. */
function past(
  condition: (k: number, jt: number, jf: number) => Instruction,
  k: number,
  code: readonly Instruction[],
): Instruction[] {
  return code.length <= JUMP_MAX
    ? [condition(k, code.length, 0), ...code]
    : [condition(k, 0, 1), jump(code.length), ...code];
}

interface Range {
  readonly from: number;
  readonly code: readonly Instruction[];
}

interface Judged {
  readonly profile: SeccompProfile;
  readonly rules: ReadonlyMap<string, readonly Rule[]>;
  readonly syscalls: Syscalls;
  readonly fallback: number;
  /** Arguments, at the width that they have here. */
  readonly compare: typeof test;
  readonly first: number;
}

/** All numbers from `first` on, neighbours that are treated alike taken together. */
function ranges({ profile, rules, syscalls, fallback, compare, first }: Judged): Range[] {
  const byNumber = new Map<number, readonly Instruction[]>();
  for (const [call, number] of syscalls) {
    const found = rules.get(call);
    if (found !== undefined) byNumber.set(number, leaf(found, fallback, compare));
  }
  const last = Math.max(-1, ...byNumber.keys());
  const list: Range[] = [];
  const add = (number: number, code: readonly Instruction[]) => {
    if (list.length === 0 || !alike(list[list.length - 1]!.code, code)) list.push({ from: first + number, code });
  };
  for (let number = 0; number <= last; number++) add(number, byNumber.get(number) ?? [ret(fallback)]);
  add(last + 1, [ret(newer(profile, fallback))]);
  return list;
}

/** A call that is newer than the profile is unknown rather than forbidden, so that programs fall back (as runc does). */
function newer(profile: SeccompProfile, fallback: number): number {
  return profile.defaultAction === 'SCMP_ACT_ERRNO' ? actionValue('SCMP_ACT_ERRNO', ENOSYS) : fallback;
}

/** The rules of one call: an unconditional one decides alone, otherwise the first whose conditions hold. */
function leaf(rules: readonly Rule[], fallback: number, compare: typeof test): Instruction[] {
  const always = rules.find((rule) => rule.conditions.length === 0);
  if (always !== undefined) return [ret(always.action)];
  return [...rules.flatMap((rule) => conditional(rule, compare)), ret(fallback)];
}

function conditional(rule: Rule, compare: typeof test): Instruction[] {
  let code: Instruction[] = [ret(rule.action)];
  for (const condition of rule.conditions.toReversed()) code = [...compare(condition, code.length), ...code];
  return code;
}

function alike(a: readonly Instruction[], b: readonly Instruction[]): boolean {
  return a.length === 1 && b.length === 1 && a[0]!.k === b[0]!.k;
}

/** With the number loaded: about nine comparisons for any call. What is too far for a short jump is reached by a long one. */
function searchTree(list: readonly Range[]): Instruction[] {
  if (list.length === 1) return [...list[0]!.code];
  const middle = list.length >> 1;
  const left = searchTree(list.slice(0, middle));
  const right = searchTree(list.slice(middle));
  const pivot = list[middle]!.from;
  const choice =
    left.length <= JUMP_MAX
      ? [ifGreaterEqual(pivot, left.length, 0)]
      : [ifGreaterEqual(pivot, 0, 1), jump(left.length)];
  return [...choice, ...left, ...right];
}
