/** The receiving side of a client's folder: `FileSync/DiffCopy`, whose packets are those of fsutil. */
import type { SyncedContent, SyncedFolder } from '../../../engine/synced-folders.js';
import type { Tree } from '../../../engine/synced-tree.js';
import type { ClientCall, Metadata } from '../grpc/client.js';
import { codes, GrpcError } from '../grpc/status.js';
import type { Codec } from '../proto/codec.js';
import type { Packet, Stat } from '../proto/messages.js';
import { Mirror } from './mirror.js';
import type { Session } from './sessions.js';

export const packetTypes = { stat: 0, request: 1, data: 2, end: 3, error: 4 } as const;

export interface FilesRequest {
  /** As the client calls the folder: `context`, `dockerfile`. */
  readonly name: string;
  /** Only these, what they lead to by symlinks, and what is below them. Undefined: all. */
  readonly followPaths: readonly string[] | undefined;
  /** Lines of an ignore file. */
  readonly excludePatterns: readonly string[];
}

export interface ReceiveOptions {
  readonly signal: AbortSignal;
  /** Bytes so far. */
  readonly onBytes: (bytes: number) => void;
}

export interface Received extends Required<SyncedContent> {
  readonly tree: Tree;
}

const method = '/moby.filesync.v1.FileSync/DiffCopy';

/** Makes `folder` equal to the client's one. Resolves with what is in it then. */
export async function receiveFiles(
  session: Session,
  folder: Pick<SyncedFolder, 'files' | 'index' | 'digests'>,
  request: FilesRequest,
  options: ReceiveOptions,
): Promise<Received> {
  const { codec } = session.client;
  const call = session.client.call(method, metadata(request), options.signal);
  const mirror = new Mirror(folder.files, folder.index, folder.digests);
  const receiver = new Receiver(mirror, call, codec);
  let bytes = 0;
  try {
    for await (const messages of call.batches()) {
      for (const message of messages) {
        bytes += message.length;
        receiver.take(codec.decode('Packet', message));
      }
      options.onBytes(bytes);
    }
    if (!receiver.done) throw new GrpcError(codes.unavailable, 'the client stopped sending files');
    if (!mirror.unchanged) mirror.finish();
    const { index, digests, sizeBytes, unchanged } = mirror;
    return { index, digests, sizeBytes, unchanged, tree: mirror.tree() };
  } finally {
    mirror.close();
    if (!receiver.done) call.cancel();
  }
}

class Receiver {
  /** The client's own word for the end has come. */
  done = false;
  #next = 0;
  #pending = 0;
  #allDescribed = false;

  constructor(
    private readonly mirror: Mirror,
    private readonly call: ClientCall,
    private readonly codec: Codec,
  ) {}

  take(packet: Packet): void {
    if (packet.type === packetTypes.stat) this.#describe(packet.stat as Stat | null);
    else if (packet.type === packetTypes.data) this.#content(packet);
    else if (packet.type === packetTypes.end) this.done = true;
    else if (packet.type === packetTypes.error)
      throw new GrpcError(codes.unknown, `error from sender: ${Buffer.from(packet.data).toString()}`);
  }

  /** Null: that was the last. */
  #describe(stat: Stat | null): void {
    if (stat === null) {
      this.#allDescribed = true;
      this.mirror.dropRest();
      this.#endWhenComplete();
      return;
    }
    const id = this.#next++;
    if (!this.mirror.entry(stat, id)) return;
    this.#pending++;
    this.#send({ type: packetTypes.request, ID: id });
  }

  #content({ ID, data }: Packet): void {
    if (!this.mirror.content(ID, data)) return;
    this.#pending--;
    this.#endWhenComplete();
  }

  #endWhenComplete(): void {
    if (!this.#allDescribed || this.#pending > 0) return;
    this.#send({ type: packetTypes.end });
    this.call.endSend();
  }

  /** Requests are a few bytes each: nobody waits for them. What fails ends the call, and is seen there. */
  #send(packet: Partial<Packet>): void {
    this.call.send(this.codec.encode('Packet', packet)).catch(() => undefined);
  }
}

function metadata({ name, followPaths, excludePatterns }: FilesRequest): Metadata {
  return {
    ...encoded('dir-name', [name]),
    ...(followPaths === undefined ? {} : encoded('followpaths', followPaths)),
    ...encoded('exclude-patterns', excludePatterns),
  };
}

/** Headers are ASCII: a list with anything else is sent in query form, and a header beside it says so. */
function encoded(key: string, values: readonly string[]): Metadata {
  if (values.length === 0) return {};
  if (values.every((value) => /^[\x00-\x7f]*$/.test(value))) return { [key]: values };
  return { [key]: values.map((value) => encodeURIComponent(value).replace(/%20/g, '+')), [`${key}-encoded`]: '1' };
}
