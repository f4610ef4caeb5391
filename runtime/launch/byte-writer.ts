/** Builds a body in the terms of `launcher.h`: little-endian integers, counted strings with a NUL that is not counted, lists. */
export class ByteWriter {
  private buffer = Buffer.allocUnsafe(4096);
  private length = 0;

  u32(value: number): void {
    this.reserve(4);
    this.length = this.buffer.writeUInt32LE(value >>> 0, this.length);
  }

  u64(value: bigint): void {
    this.reserve(8);
    this.length = this.buffer.writeBigUInt64LE(BigInt.asUintN(64, value), this.length);
  }

  /** Throws for a NUL in it, which C would cut the text at. */
  string(value: string): void {
    this.reserve(value.length * 3 + 5);
    const start = this.length + 4;
    const written = this.ascii(value, start) ? value.length : this.buffer.write(value, start, 'utf8');
    this.buffer.writeUInt32LE(written, this.length);
    this.length = start + written;
    this.buffer[this.length++] = 0;
  }

  bytes(value: Uint8Array): void {
    this.reserve(value.length + 5);
    this.buffer.writeUInt32LE(value.length, this.length);
    this.buffer.set(value, this.length + 4);
    this.length += 4 + value.length;
    this.buffer[this.length++] = 0;
  }

  /** As they are, without a length. */
  raw(value: Uint8Array): void {
    this.reserve(value.length);
    this.buffer.set(value, this.length);
    this.length += value.length;
  }

  list(values: readonly string[]): void {
    this.u32(values.length);
    for (const value of values) this.string(value);
  }

  /** Writes what `fill` writes, after its length in bytes (u32, no NUL). */
  part(fill: () => void): void {
    this.reserve(4);
    const at = this.length;
    this.length += 4;
    fill();
    this.buffer.writeUInt32LE(this.length - at - 4, at);
  }

  finish(): Buffer {
    return this.buffer.subarray(0, this.length);
  }

  /** Most texts are short ASCII, for which a call into C++ costs more than the copying. False when it is not. */
  private ascii(value: string, start: number): boolean {
    for (let i = 0; i < value.length; i++) {
      const code = value.charCodeAt(i);
      if (code === 0) throw new RangeError(`the kernel would cut this text at its NUL: ${JSON.stringify(value)}`);
      if (code > 0x7f && !value.includes('\0')) return false;
      this.buffer[start + i] = code;
    }
    return true;
  }

  private reserve(bytes: number): void {
    const needed = this.length + bytes;
    if (needed <= this.buffer.length) return;
    const larger = Buffer.allocUnsafe(Math.max(needed, this.buffer.length * 2));
    this.buffer.copy(larger, 0, 0, this.length);
    this.buffer = larger;
  }
}
