const PIECE_BYTES = 1 << 20;

/** Thousands of small pieces would cost more than what is in them. */
export async function* inLargePieces(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  let held: Uint8Array[] = [];
  let bytes = 0;
  for await (const piece of pieces) {
    if (piece.length >= PIECE_BYTES) {
      if (bytes > 0) yield Buffer.concat(held);
      held = [];
      bytes = 0;
      yield Buffer.from(piece.buffer, piece.byteOffset, piece.length);
      continue;
    }
    held.push(piece);
    bytes += piece.length;
    if (bytes < PIECE_BYTES) continue;
    yield Buffer.concat(held);
    held = [];
    bytes = 0;
  }
  if (bytes > 0) yield Buffer.concat(held);
}
