import protobuf from 'protobufjs';
import type { Messages } from './messages.js';
import { schema } from './schema.js';

export interface Codec {
  encode<K extends keyof Messages>(name: K, value: Partial<Messages[K]>): Uint8Array;
  /** Fields that were not sent have their zero value; messages that were not sent are null. Throws for bytes that are no such message. */
  decode<K extends keyof Messages>(name: K, bytes: Uint8Array): Messages[K];
}

const asObject = { longs: Number, defaults: true, bytes: Buffer } as const;

/** Compiles the schema: some milliseconds, once an engine. */
export function openCodec(): Codec {
  const { root } = protobuf.parse(schema, { keepCase: true });
  const types = new Map<string, protobuf.Type>();
  const type = (name: string) => {
    const known = types.get(name) ?? root.lookupType(name);
    types.set(name, known);
    return known;
  };
  return {
    encode: (name, value) => type(name).encode(value).finish(),
    decode: <K extends keyof Messages>(name: K, bytes: Uint8Array) => {
      const wanted = type(name);
      return wanted.toObject(wanted.decode(bytes), asObject) as Messages[K];
    },
  };
}
