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
    if (value.includes('\0'))
      throw new RangeError(`a text with a NUL cannot be told to the kernel: ${JSON.stringify(value)}`);
    const most = value.length * 3;
    this.reserve(most + 5);
    const written = this.buffer.write(value, this.length + 4, 'utf8');
    this.buffer.writeUInt32LE(written, this.length);
    this.length += 4 + written;
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

  private reserve(bytes: number): void {
    const needed = this.length + bytes;
    if (needed <= this.buffer.length) return;
    const larger = Buffer.allocUnsafe(Math.max(needed, this.buffer.length * 2));
    this.buffer.copy(larger, 0, 0, this.length);
    this.buffer = larger;
  }
}
