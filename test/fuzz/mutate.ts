/** Changes to inputs, drawn from a seed, so that a finding can be had again. */

/** Uniform in [0, limit): mulberry32. */
export type Draw = (limit: number) => number;

export function drawFrom(seed: number): Draw {
  let state = seed >>> 0;
  return (limit) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * limit);
  };
}

const TELLING = [
  '',
  '\0',
  '"',
  "'",
  '\\',
  '${',
  '}',
  '[',
  '{',
  ':',
  '- ',
  '\n',
  '\t',
  '<<EOF',
  '--',
  '$$',
  '*a',
  '&a',
  '..',
  '/',
  '%',
  '\ufeff',
  '9'.repeat(30),
];
const NUMBERS = [0, 1, 0x7f, 0x80, 0xff, 0x7fff, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff];

/** One to six changes. Both parents stay as they are. */
export function mutate(input: Buffer, other: Buffer, draw: Draw): Buffer {
  let bytes: Buffer = Buffer.from(input);
  for (let times = 1 + draw(6); times > 0; times--) bytes = change(bytes, other, draw);
  return bytes.subarray(0, 1 << 16);
}

function change(bytes: Buffer, other: Buffer, draw: Draw): Buffer {
  const at = draw(bytes.length + 1);
  const to = Math.min(bytes.length, at + draw(32));
  const around = (middle: Buffer, end = at) => Buffer.concat([bytes.subarray(0, at), middle, bytes.subarray(end)]);
  switch (draw(7)) {
    case 0:
      return around(Buffer.from([draw(256)]), at + 1);
    case 1:
      return around(Buffer.alloc(0), to);
    case 2:
      return around(Buffer.from(TELLING[draw(TELLING.length)]!));
    case 3:
      return around(bytes.subarray(draw(bytes.length + 1)).subarray(0, 200));
    case 4:
      return around(other.subarray(draw(other.length + 1)).subarray(0, 200), to);
    case 5: {
      const number = Buffer.alloc(4);
      number.writeUInt32LE(NUMBERS[draw(NUMBERS.length)]!);
      return around(number, at + 4);
    }
    default:
      return Buffer.concat(Array.from({ length: 1 + draw(20) }, () => bytes)).subarray(0, 1 << 15);
  }
}
