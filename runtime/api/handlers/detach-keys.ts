/** Keys that let go of a terminal without ending its process, `ctrl-p,ctrl-q` unless told. */
import { Duplex } from 'node:stream';
import { EngineError } from '../../errors.js';

const DEFAULT_KEYS = [0x10, 0x11];

export class DetachKeys {
  private constructor(readonly keys: readonly number[]) {}

  /** `ctrl-@` to `ctrl-_` and single characters, by commas. Throws `invalid`. */
  static parse(text: string): DetachKeys {
    if (text === '') return new DetachKeys(DEFAULT_KEYS);
    return new DetachKeys(text.split(',').map(keyCode));
  }

  /** The stream with an eye on what is typed: when the keys have come in a row, it is let go of. */
  watch(stream: Duplex, active: boolean): Duplex {
    return active ? detachable(stream, this.keys) : stream;
  }
}

function keyCode(key: string): number {
  const control = /^ctrl-([a-z@[\\\]^_])$/.exec(key);
  if (control) return control[1]!.toUpperCase().charCodeAt(0) & 0x1f;
  if (key.length === 1) return key.charCodeAt(0);
  throw new EngineError('invalid', `Invalid detach keys (${key}) provided`);
}

/** Keys that turn out not to be the sequence are handed on late, as Docker does. */
function detachable(stream: Duplex, keys: readonly number[]): Duplex {
  let seen = 0;
  const typed = (chunk: Buffer): Buffer | undefined => {
    const passed: number[] = [];
    for (const byte of chunk) {
      if (byte === keys[seen]) {
        seen++;
        if (seen === keys.length) return undefined;
        continue;
      }
      passed.push(...keys.slice(0, seen));
      seen = byte === keys[0] ? 1 : 0;
      if (seen === 0) passed.push(byte);
    }
    return Buffer.from(passed);
  };
  let ended = false;
  const finish = () => {
    if (!ended) outer.push(null);
    ended = true;
  };
  const outer: Duplex = new Duplex({
    read: () => stream.resume(),
    write(chunk: Buffer, _encoding, done) {
      const passed = typed(chunk);
      if (passed === undefined) {
        outer.push('read escape sequence\r\n');
        finish();
        stream.destroy();
        done();
      } else if (passed.length > 0 && !stream.write(passed)) stream.once('drain', () => done());
      else done();
    },
    final(done) {
      stream.end();
      done();
    },
    destroy(error, done) {
      stream.destroy();
      done(error);
    },
  });
  stream.on('data', (chunk: Buffer) => {
    if (!outer.push(chunk)) stream.pause();
  });
  stream.once('end', finish);
  // What was pushed may not have been read yet: destroying it here would lose a short program's whole output.
  stream.once('close', finish);
  stream.on('error', finish);
  return outer;
}
