/**
 * A container's log file, written by its monitor (log.c), one record for each read of output:
 *
 *     u8 stream (1 stdout, 2 stderr; with a terminal always 1)   u8 flags (0)   u16 0
 *     u32 length of the payload   u64 nanoseconds since the epoch   (little-endian)
 *     payload
 *
 * Records know nothing of lines: a reader cuts them, a line may span records of its stream. While the container runs,
 * the last record may be incomplete for a moment; a reader that follows waits for the rest. The file is rotated before
 * a record when it has reached its limit: PATH becomes PATH.1, that PATH.2. A rotated one may be compressed to PATH.1.gz,
 * a gzip file (RFC 1952) whose header has the number of the inode that it was made from in place of a time.
 */
const LOG_HEADER = 16;

export interface LogRecord {
  readonly stream: 1 | 2;
  readonly timestampNs: bigint;
  readonly payload: Buffer;
}

/**
 * Cuts whole records off a buffer. `used` bytes are done with: what follows is the start of a record still incomplete.
 * Throws RangeError at bytes that are no record (a file of something else).
 */
export function readRecords(buffer: Buffer): { records: LogRecord[]; used: number } {
  const records: LogRecord[] = [];
  let at = 0;
  while (buffer.length - at >= LOG_HEADER) {
    const stream = buffer[at];
    if (stream !== 1 && stream !== 2) throw new RangeError(`no log record at byte ${at}`);
    const end = at + LOG_HEADER + buffer.readUInt32LE(at + 4);
    if (end > buffer.length) break;
    records.push({
      stream,
      timestampNs: buffer.readBigUInt64LE(at + 8),
      payload: buffer.subarray(at + LOG_HEADER, end),
    });
    at = end;
  }
  return { records, used: at };
}
