/** One header block of a tar: POSIX ustar, GNU's numbers in base 256, and what was before them. */

const BLOCK = 512;

export interface TarHeader {
  readonly name: string;
  /** The type flag; a missing one is `0`. */
  readonly type: string;
  /** Permission bits with setuid, setgid and sticky. */
  readonly mode: number;
  readonly sizeBytes: number;
  readonly mtimeMs: number;
  readonly target: string;
  readonly major: number;
  readonly minor: number;
}

/** By its checksum: the bytes summed up with the field itself as blanks. */
export function isTarHeader(block: Buffer): boolean {
  if (block.length < BLOCK || block[0] === 0) return false;
  let sum = 0;
  for (let index = 0; index < BLOCK; index++) sum += index >= 148 && index < 156 ? 0x20 : block[index]!;
  return sum === octal(block, 148, 8);
}

export function readTarHeader(block: Buffer): TarHeader {
  const isUstar = block.toString('latin1', 257, 263) === 'ustar\0';
  const prefix = isUstar ? text(block, 345, 155) : '';
  const name = text(block, 0, 100);
  const flag = String.fromCharCode(block[156]!);
  return {
    name: prefix === '' ? name : `${prefix}/${name}`,
    type: flag === '\0' ? '0' : flag,
    mode: number(block, 100, 8) & 0o7777,
    sizeBytes: number(block, 124, 12),
    mtimeMs: number(block, 136, 12) * 1000,
    target: text(block, 157, 100),
    major: number(block, 329, 8),
    minor: number(block, 337, 8),
  };
}

function text(block: Buffer, start: number, length: number): string {
  const end = block.indexOf(0, start);
  return block.toString('utf8', start, end < 0 || end > start + length ? start + length : end);
}

function octal(block: Buffer, start: number, length: number): number {
  let value = 0;
  for (let index = start; index < start + length; index++) {
    const digit = block[index]! - 0x30;
    if (digit >= 0 && digit < 8) value = value * 8 + digit;
    else if (value > 0) break;
  }
  return value;
}

function number(block: Buffer, start: number, length: number): number {
  if ((block[start]! & 0x80) === 0) return octal(block, start, length);
  let value = block[start]! & 0x7f;
  for (let index = start + 1; index < start + length; index++) value = value * 256 + block[index]!;
  return value;
}
