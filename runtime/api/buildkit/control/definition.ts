/**
 * A result as a definition that a client can hand to another build of its own (a target that stands on another).
 * It is one source operation under a scheme of ours, so that clients can carry it like any other.
 */
import { createHash } from 'node:crypto';
import type { Codec } from '../proto/codec.js';
import type { Definition } from '../proto/messages.js';

const scheme = 'devenv-result://';
const digestOf = (bytes: Uint8Array) => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

export function resultDefinition(codec: Codec, id: string): Definition {
  const source = codec.encode('Op', {
    source: { identifier: `${scheme}${id}`, attrs: {} },
    platform: { OS: 'linux', Architecture: '' },
  });
  const end = codec.encode('Op', { inputs: [{ digest: digestOf(source), index: 0 }] });
  const metadata = { [digestOf(source)]: { caps: {} }, [digestOf(end)]: { caps: {} } };
  return { def: [source, end], metadata };
}

/** The id of the result that a definition stands for; undefined for any other definition. */
export function definedResult(codec: Codec, definition: Pick<Definition, 'def'>): string | undefined {
  for (const bytes of definition.def) {
    const identifier = codec.decode('Op', bytes).source?.identifier;
    if (identifier?.startsWith(scheme)) return identifier.slice(scheme.length);
  }
  return undefined;
}
