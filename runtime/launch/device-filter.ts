/**
 * Device rules of a v2 group as a BPF program of type CGROUP_DEVICE (kernel, "Control Group v2", Device controller): the
 * context holds access_type (low half the type: 1 block, 2 character; high half the access: 1 mknod, 2 read, 4 write),
 * major and minor. It answers 1 to allow.
 */

const ACCESS: Readonly<Record<string, number>> = { m: 1, r: 2, w: 4 };
const TYPE: Readonly<Record<string, number>> = { b: 1, c: 2 };

interface Rule {
  readonly type: number | undefined;
  readonly major: number | undefined;
  readonly minor: number | undefined;
  readonly access: number;
}

/** Encoded struct bpf_insn array that allows what a rule names and nothing else; undefined when everything is allowed. */
export function deviceFilter(lines: readonly string[]): Uint8Array | undefined {
  const rules = lines.map(parseRule);
  if (
    rules.some(
      (rule) => rule.type === undefined && rule.major === undefined && rule.minor === undefined && rule.access === 7,
    )
  )
    return undefined;
  return Buffer.concat([...LOAD, ...rules.map(ruleProgram), move(0, 0), EXIT]);
}

/** `c 1:3 rwm`, `a *:* rwm`. Throws RangeError for anything else. */
function parseRule(line: string): Rule {
  const match = /^([abc]) (\d+|\*):(\d+|\*) ([rwm]{1,3})$/.exec(line);
  if (match === null) throw new RangeError(`not a device rule: ${line}`);
  const number = (text: string) => (text === '*' ? undefined : Number(text));
  const access = [...match[4]!].reduce((bits, letter) => bits | ACCESS[letter]!, 0);
  return { type: TYPE[match[1]!], major: number(match[2]!), minor: number(match[3]!), access };
}

/** One instruction: u8 opcode, u4 target, u4 source, s16 offset, s32 value. */
function instruction(code: number, target: number, source: number, offset: number, value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes[0] = code;
  bytes[1] = target | (source << 4);
  bytes.writeInt16LE(offset, 2);
  bytes.writeInt32LE(value | 0, 4);
  return bytes;
}

const load = (target: number, offset: number) => instruction(0x61, target, 1, offset, 0);
const copy = (target: number, source: number) => instruction(0xbc, target, source, 0, 0);
const move = (target: number, value: number) => instruction(0xb4, target, 0, 0, value);
const and = (target: number, value: number) => instruction(0x54, target, 0, 0, value);
const shiftRight = (target: number, bits: number) => instruction(0x74, target, 0, 0, bits);
const jumpUnless = (target: number, value: number, skip: number) => instruction(0x56, target, 0, skip, value);
const EXIT = instruction(0x95, 0, 0, 0, 0);

/** r2 type, r3 access, r4 major, r5 minor. */
const LOAD = [load(2, 0), copy(3, 2), and(2, 0xffff), shiftRight(3, 16), load(4, 4), load(5, 8)];

/** Answers 1 when the rule matches, and goes on behind itself otherwise. */
function ruleProgram(rule: Rule): Buffer {
  const tests: ((skip: number) => Buffer[])[] = [];
  const equals = (register: number, value: number | undefined) => {
    if (value !== undefined) tests.push((skip) => [jumpUnless(register, value, skip)]);
  };
  equals(2, rule.type);
  if (rule.access !== 7) tests.push((skip) => [copy(1, 3), and(1, ~rule.access & 7), jumpUnless(1, 0, skip)]);
  equals(4, rule.major);
  equals(5, rule.minor);
  const parts: Buffer[] = [move(0, 1), EXIT];
  for (const test of tests.reverse()) parts.unshift(...test(parts.length));
  return Buffer.concat(parts);
}
