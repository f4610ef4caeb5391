/** The sending side: files of a finished build on their way to the client (`FileSend/DiffCopy`). */
import { createReadStream, lstatSync, readdirSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import type { ClientCall } from '../grpc/client.js';
import { codes, GrpcError } from '../grpc/status.js';
import type { Codec } from '../proto/codec.js';
import type { Packet, Stat, StringMap } from '../proto/messages.js';
import { fileType, goMode } from './modes.js';
import { packetTypes } from './receive-files.js';
import type { Session } from './sessions.js';

const method = '/moby.filesync.v1.FileSend/DiffCopy';
const chunkBytes = 32 << 10;

export interface SendOptions {
  /** Place of the output among those of the build. */
  readonly exporter: number;
  readonly signal: AbortSignal;
}

/** One stream of bytes, for an output that is a file. */
export async function sendArchive(
  session: Session,
  bytes: AsyncIterable<Uint8Array>,
  { exporter, attributes, signal }: SendOptions & { readonly attributes: StringMap },
): Promise<void> {
  const { codec } = session.client;
  const about = Object.entries(attributes).map(([key, value]) => [`exporter-md-${key.toLowerCase()}`, value]);
  const metadata = { ...Object.fromEntries(about), 'buildkit-attachable-exporter-id': String(exporter) };
  const call = session.client.call(method, metadata, signal);
  const over = drain(call);
  over.catch(() => undefined);
  for await (const chunk of bytes)
    for (let at = 0; at < chunk.length; at += chunkBytes)
      await call.send(codec.encode('Bytes', { data: chunk.subarray(at, at + chunkBytes) }));
  call.endSend();
  await over;
}

async function drain(call: ClientCall): Promise<void> {
  for await (const _ of call.messages());
}

/** A folder's tree: descriptions first, then the content of what the client asks for. */
export async function sendFolder(
  session: Session,
  folder: string,
  { exporter, signal, onBytes }: SendOptions & { readonly onBytes: (bytes: number, done: boolean) => void },
): Promise<void> {
  const { codec } = session.client;
  const call = session.client.call(method, { 'buildkit-attachable-exporter-id': String(exporter) }, signal);
  const sender = new Sender(folder, call, codec, (bytes) => onBytes(bytes, false));
  const describing = sender.describe();
  let wrong: unknown;
  describing.catch((error) => {
    wrong = error;
    call.cancel();
  });
  try {
    for await (const message of call.messages()) await sender.take(codec.decode('Packet', message));
  } catch (error) {
    throw wrong ?? error;
  }
  await describing;
  onBytes(sender.bytes, true);
}

class Sender {
  bytes = 0;
  readonly #paths: string[] = [];

  constructor(
    private readonly root: string,
    private readonly call: ClientCall,
    private readonly codec: Codec,
    private readonly onBytes: (bytes: number) => void,
  ) {}

  async describe(): Promise<void> {
    const links = new Map<string, string>();
    for (const path of walk(this.root, '')) {
      const stat = describeFile(this.root, path, links);
      this.#paths.push(path);
      await this.#send({ type: packetTypes.stat, stat });
    }
    await this.#send({ type: packetTypes.stat });
    this.onBytes(this.bytes);
  }

  async take({ type, ID, data }: Packet): Promise<void> {
    if (type === packetTypes.request) await this.#content(ID);
    else if (type === packetTypes.error)
      throw new GrpcError(codes.unknown, `error from receiver: ${Buffer.from(data).toString()}`);
    else if (type === packetTypes.end) {
      await this.#send({ type: packetTypes.end });
      this.call.endSend();
    }
  }

  async #content(ID: number): Promise<void> {
    const path = this.#paths[ID];
    if (path === undefined) throw new GrpcError(codes.invalidArgument, `invalid file id ${ID}`);
    const file = createReadStream(join(this.root, path), { highWaterMark: chunkBytes });
    for await (const data of file as AsyncIterable<Buffer>) await this.#send({ type: packetTypes.data, ID, data });
    await this.#send({ type: packetTypes.data, ID });
  }

  #send(packet: Partial<Packet>): Promise<void> {
    const message = this.codec.encode('Packet', packet);
    this.bytes += message.length;
    return this.call.send(message);
  }
}

/** Parents before children, names of a folder in order. */
function* walk(root: string, folder: string): Generator<string> {
  for (const entry of readdirSync(join(root, folder), { withFileTypes: true }).sort((a, b) =>
    a.name < b.name ? -1 : 1,
  )) {
    const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
    yield path;
    if (entry.isDirectory()) yield* walk(root, path);
  }
}

/** `links`: earlier names by inode, for files that have several. */
export function describeFile(root: string, path: string, links: Map<string, string>): Partial<Stat> {
  const stat = lstatSync(join(root, path));
  const mode = goMode(stat);
  const type = fileType(mode);
  const key = `${stat.dev}:${stat.ino}`;
  const earlier = type === 'file' && stat.nlink > 1 ? links.get(key) : undefined;
  if (type === 'file' && stat.nlink > 1 && earlier === undefined) links.set(key, path);
  return {
    path,
    mode,
    uid: stat.uid,
    gid: stat.gid,
    size: type === 'file' ? stat.size : 0,
    modTime: Math.round(stat.mtimeMs * 1e6),
    linkname: type === 'symlink' ? readlinkSync(join(root, path)) : (earlier ?? ''),
  };
}
