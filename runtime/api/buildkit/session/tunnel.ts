/** A session inside a call (`Control/Session`), for clients that have no connection of its own for it. */
import { Duplex } from 'node:stream';
import type { ServerCall } from '../grpc/server.js';
import type { Codec } from '../proto/codec.js';

/** The call's messages, both ways, as one stream of bytes. */
export function tunnelOf(call: ServerCall, codec: Codec): Duplex {
  const incoming = call.messages()[Symbol.asyncIterator]();
  const tunnel = new Duplex({
    read() {
      incoming.next().then(
        ({ done, value }) => tunnel.push(done ? null : Buffer.from(codec.decode('Bytes', value).data)),
        () => tunnel.destroy(),
      );
    },
    write(chunk: Buffer, _encoding, done) {
      call.send(codec.encode('Bytes', { data: chunk })).then(() => done(), done);
    },
  });
  tunnel.on('error', () => tunnel.destroy());
  call.signal.addEventListener('abort', () => tunnel.destroy(), { once: true });
  return tunnel;
}
