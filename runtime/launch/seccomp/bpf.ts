/** Classic BPF as seccomp(2) takes it: struct sock_filter { u16 code; u8 jt, jf; u32 k }, over struct seccomp_data. */
export interface Instruction {
  readonly code: number;
  readonly jt: number;
  readonly jf: number;
  readonly k: number;
}

/** Offsets in struct seccomp_data. */
export const DATA = { number: 0, architecture: 4, argument: 16 } as const;

const LOAD_WORD = 0x20;
const AND = 0x54;
const RETURN = 0x06;
const JUMP = 0x05;
const JUMP_EQUAL = 0x15;
const JUMP_GREATER = 0x25;
const JUMP_GREATER_EQUAL = 0x35;

/** What jt and jf can skip. */
export const JUMP_MAX = 255;

export const load = (offset: number): Instruction => ({ code: LOAD_WORD, jt: 0, jf: 0, k: offset });
export const ret = (value: number): Instruction => ({ code: RETURN, jt: 0, jf: 0, k: value >>> 0 });
export const jump = (skip: number): Instruction => ({ code: JUMP, jt: 0, jf: 0, k: skip });
const and = (mask: number): Instruction => ({ code: AND, jt: 0, jf: 0, k: mask >>> 0 });
const branch =
  (code: number) =>
  (k: number, jt: number, jf: number): Instruction => ({ code, jt, jf, k: k >>> 0 });
export const ifEqual = branch(JUMP_EQUAL);
const ifGreater = branch(JUMP_GREATER);
export const ifGreaterEqual = branch(JUMP_GREATER_EQUAL);

export function encode(program: readonly Instruction[]): Buffer {
  const bytes = Buffer.alloc(program.length * 8);
  for (const [at, { code, jt, jf, k }] of program.entries()) {
    bytes.writeUInt16LE(code, at * 8);
    bytes[at * 8 + 2] = jt;
    bytes[at * 8 + 3] = jf;
    bytes.writeUInt32LE(k, at * 8 + 4);
  }
  return bytes;
}

export type Comparison = 'NE' | 'LT' | 'LE' | 'EQ' | 'GE' | 'GT' | 'MASKED_EQ';

/** On one argument, unsigned 64 bits. For MASKED_EQ `value` is the mask and `second` what must be left. */
export interface Condition {
  readonly index: number;
  readonly comparison: Comparison;
  readonly value: bigint;
  readonly second: bigint;
}

/**
 * Goes on behind itself when the condition holds, and otherwise skips `otherwise` instructions more. BPF compares 32
 * bits, so the high half decides first; both architectures here are little-endian.
 */
export function test(condition: Condition, otherwise: number): Instruction[] {
  const low = load(DATA.argument + condition.index * 8);
  const high = load(DATA.argument + condition.index * 8 + 4);
  const [h, l] = halves(condition.value);
  const no = otherwise;
  switch (condition.comparison) {
    case 'EQ':
      return [high, ifEqual(h, 0, no + 2), low, ifEqual(l, 0, no)];
    case 'NE':
      return [high, ifEqual(h, 0, 2), low, ifEqual(l, no, 0)];
    case 'GT':
      return [high, ifGreater(h, 3, 0), ifEqual(h, 0, no + 2), low, ifGreater(l, 0, no)];
    case 'GE':
      return [high, ifGreater(h, 3, 0), ifEqual(h, 0, no + 2), low, ifGreaterEqual(l, 0, no)];
    case 'LT':
      return [high, ifGreater(h, no + 3, 0), ifEqual(h, 0, 2), low, ifGreaterEqual(l, no, 0)];
    case 'LE':
      return [high, ifGreater(h, no + 3, 0), ifEqual(h, 0, 2), low, ifGreater(l, no, 0)];
    case 'MASKED_EQ': {
      const [wantedHigh, wantedLow] = halves(condition.second);
      return [high, and(h), ifEqual(wantedHigh, 0, no + 3), low, and(l), ifEqual(wantedLow, 0, no)];
    }
  }
}

/**
 * The same where arguments have 32 bits: what a program leaves in the upper half of a register, the kernel cuts off after
 * the filter has seen it.
 */
export function testNarrow({ index, comparison, value, second }: Condition, otherwise: number): Instruction[] {
  const low = load(DATA.argument + index * 8);
  const [, l] = halves(value);
  switch (comparison) {
    case 'EQ':
      return [low, ifEqual(l, 0, otherwise)];
    case 'NE':
      return [low, ifEqual(l, otherwise, 0)];
    case 'GT':
      return [low, ifGreater(l, 0, otherwise)];
    case 'GE':
      return [low, ifGreaterEqual(l, 0, otherwise)];
    case 'LT':
      return [low, ifGreaterEqual(l, otherwise, 0)];
    case 'LE':
      return [low, ifGreater(l, otherwise, 0)];
    case 'MASKED_EQ':
      return [low, and(l), ifEqual(halves(second)[1], 0, otherwise)];
  }
}

function halves(value: bigint): [high: number, low: number] {
  return [Number((value >> 32n) & 0xffffffffn), Number(value & 0xffffffffn)];
}
