/** Executes a compiled filter over one system call, as the kernel would: for tests. */
export interface Call {
  readonly number: number;
  readonly architecture: number;
  readonly args?: readonly bigint[];
}

export function runFilter(program: Uint8Array, call: Call): number {
  const code = Buffer.from(program);
  const data = dataOf(call);
  let a = 0;
  for (let at = 0; at < code.length / 8; at++) {
    const k = code.readUInt32LE(at * 8 + 4);
    const branch = (taken: boolean) => {
      at += taken ? code[at * 8 + 2]! : code[at * 8 + 3]!;
    };
    switch (code.readUInt16LE(at * 8)) {
      case 0x20:
        a = data.readUInt32LE(k);
        break;
      case 0x54:
        a = (a & k) >>> 0;
        break;
      case 0x05:
        at += k;
        break;
      case 0x15:
        branch(a === k);
        break;
      case 0x25:
        branch(a > k);
        break;
      case 0x35:
        branch(a >= k);
        break;
      case 0x06:
        return k;
      default:
        throw new Error(`unknown instruction at ${at}`);
    }
  }
  throw new Error('the filter runs off its end');
}

function dataOf({ number, architecture, args = [] }: Call): Buffer {
  const data = Buffer.alloc(64);
  data.writeUInt32LE(number, 0);
  data.writeUInt32LE(architecture, 4);
  for (const [index, value] of args.entries()) data.writeBigUInt64LE(value, 16 + index * 8);
  return data;
}
