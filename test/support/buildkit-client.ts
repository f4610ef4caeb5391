/** A small client of BuildKit's protocol: calls the engine's services, and serves what a build asks of its client. */
import { randomUUID } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { GrpcClient } from '../../runtime/api/buildkit/grpc/client.js';
import { type Method, type Methods, serveGrpc, unary } from '../../runtime/api/buildkit/grpc/server.js';
import { codes, GrpcError } from '../../runtime/api/buildkit/grpc/status.js';
import { type Codec, openCodec } from '../../runtime/api/buildkit/proto/codec.js';
import type { Messages, Packet, SolveRequest, StatusResponse } from '../../runtime/api/buildkit/proto/messages.js';

/** Text of files by path; a path that ends in `/` is a folder. */
export type Files = Readonly<Record<string, string>>;

export interface Asked {
  /** Metadata of every request for files. */
  readonly folders: Record<string, unknown>[];
  /** Paths whose content was sent. */
  readonly contents: string[];
  readonly secrets: string[];
}

export interface Solved {
  readonly response: Readonly<Record<string, string>>;
  readonly error: GrpcError | undefined;
  readonly status: readonly StatusResponse[];
  readonly asked: Asked;
  /** Files that the engine sent (`local`), bytes (`tar`). */
  readonly received: { readonly files: Map<string, string>; bytes: Buffer };
}

/** A call of the bridge on behalf of the build. */
export type Ask = <I extends keyof Messages, O extends keyof Messages>(
  method: string,
  shapes: readonly [I, O],
  request: Partial<Messages[I]>,
) => Promise<Messages[O]>;

export interface SolveOptions {
  readonly files: Files;
  readonly attributes?: Readonly<Record<string, string>>;
  readonly exporter?: { readonly Type: string; readonly Attrs: Record<string, string> };
  readonly secrets?: Readonly<Record<string, string>>;
  /** The same from build to build for the same folder. */
  readonly sharedKey?: string;
  readonly signal?: AbortSignal;
  /** As buildx does: an empty Solve, and the frontend asked for over the bridge. */
  readonly overBridge?: boolean;
  /** Called with the result of the bridge before it is returned. */
  readonly onResult?: (ref: string, ask: Ask) => Promise<void>;
  readonly onStatus?: (status: StatusResponse) => void;
}

const directoryMode = 0x80000000 + 0o755;
const mtimes = new Map<string, number>();

/** Opens an upgraded connection; resolves when the engine has switched to HTTP/2. */
export function upgrade(socketPath: string, path: string, headers: readonly string[] = []): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(socketPath);
    socket.once('error', reject);
    const lines = [`POST ${path} HTTP/1.1`, 'Host: d', 'Connection: Upgrade', 'Upgrade: h2c', ...headers];
    socket.write(`${lines.join('\r\n')}\r\n\r\n`);
    let head = Buffer.alloc(0);
    socket.on('readable', function read() {
      for (let byte = socket.read(1) as Buffer | null; byte; byte = socket.read(1) as Buffer | null) {
        head = Buffer.concat([head, byte]);
        if (!head.toString('latin1').endsWith('\r\n\r\n')) continue;
        socket.removeListener('readable', read);
        socket.removeListener('error', reject);
        const answer = head.toString('latin1');
        if (answer.startsWith('HTTP/1.1 101')) resolve(socket);
        else reject(new Error(answer));
        return;
      }
    });
  });
}

export class BuildKitClient {
  readonly codec: Codec = openCodec();
  readonly #grpc: Promise<GrpcClient>;

  constructor(readonly socketPath: string) {
    this.#grpc = upgrade(socketPath, '/grpc').then((socket) => new GrpcClient(socket, this.codec));
  }

  grpc(): Promise<GrpcClient> {
    return this.#grpc;
  }

  async close(): Promise<void> {
    (await this.#grpc).close();
  }

  async solve(options: SolveOptions): Promise<Solved> {
    const client = await this.#grpc;
    const signal = options.signal ?? new AbortController().signal;
    const session = await this.session(options);
    const Ref = randomUUID();
    const request: Partial<SolveRequest> = {
      Ref,
      Session: session.id,
      ...(options.overBridge ? {} : { Frontend: 'dockerfile.v0', FrontendAttrs: options.attributes ?? {} }),
      Exporters: options.exporter ? [options.exporter] : [],
    };
    const status: StatusResponse[] = [];
    const listening = this.#listen(client, Ref, (part) => {
      status.push(part);
      options.onStatus?.(part);
    });
    const solving = client.unary(control('Solve'), ['SolveRequest', 'SolveResponse'], request, signal);
    solving.catch(() => undefined);
    try {
      if (options.overBridge) await this.#overBridge(client, Ref, options, signal).catch(() => undefined);
      const { response, error } = await solving.then(
        ({ ExporterResponse }) => ({ response: ExporterResponse, error: undefined }),
        (failure: GrpcError) => ({ response: {}, error: failure }),
      );
      await listening;
      return { response, error, status, asked: session.asked, received: session.received };
    } finally {
      session.close();
    }
  }

  async #listen(client: GrpcClient, Ref: string, take: (part: StatusResponse) => void): Promise<void> {
    const call = client.call(control('Status'), {}, new AbortController().signal);
    await call.send(this.codec.encode('StatusRequest', { Ref }));
    call.endSend();
    for await (const message of call.messages()) take(this.codec.decode('StatusResponse', message));
  }

  async #overBridge(client: GrpcClient, ref: string, options: SolveOptions, signal: AbortSignal): Promise<void> {
    const ask = async (method: string, message: Uint8Array) => {
      const call = client.call(
        `/moby.buildkit.v1.frontend.LLBBridge/${method}`,
        { 'buildkit-controlapi-buildid': ref },
        signal,
      );
      await call.send(message);
      call.endSend();
      let answer = Buffer.alloc(0);
      for await (const one of call.messages()) answer = Buffer.from(one);
      return answer;
    };
    await ask('Ping', this.codec.encode('Empty', {}));
    const request = {
      Frontend: 'dockerfile.v0',
      FrontendOpt: options.attributes ?? {},
      allowResultReturn: true,
      allowResultArrayRef: true,
    };
    try {
      const answer = await ask('Solve', this.codec.encode('BridgeSolveRequest', request));
      const { result } = this.codec.decode('BridgeSolveResponse', answer);
      const askShape: Ask = async (method, [input, output], message) =>
        this.codec.decode(output, await ask(method, this.codec.encode(input, message)));
      await options.onResult?.(result.ref?.id ?? '', askShape);
      await ask('Return', this.codec.encode('ReturnRequest', { result }));
    } catch (cause) {
      const { code, message, details } = cause as GrpcError;
      await ask('Return', this.codec.encode('ReturnRequest', { error: { code, message, details } }));
    }
  }

  /** Only the session: a build that is asked for elsewhere can name it. */
  async session(options: SolveOptions) {
    const id = randomUUID();
    const asked: Asked = { folders: [], contents: [], secrets: [] };
    const received = { files: new Map<string, string>(), bytes: Buffer.alloc(0) };
    const methods: Methods = {
      '/moby.filesync.v1.FileSync/DiffCopy': sendFiles(options.files, asked),
      '/moby.filesync.v1.FileSend/DiffCopy': receive(received, options.exporter?.Type === 'local'),
      '/moby.buildkit.secrets.v1.Secrets/GetSecret': unary('GetSecretRequest', 'Bytes', ({ ID }) => {
        asked.secrets.push(ID);
        const secret = options.secrets?.[ID];
        if (secret === undefined) throw new GrpcError(codes.notFound, `secret ${ID} not found`);
        return { data: Buffer.from(secret) };
      }),
      '/grpc.health.v1.Health/Check': unary('HealthRequest', 'HealthResponse', () => ({ status: 1 })),
      '/moby.filesync.v1.Auth/Credentials': unary('CredentialsRequest', 'CredentialsResponse', () => ({})),
    };
    const socket = await upgrade(this.socketPath, '/session', [
      `X-Docker-Expose-Session-Uuid: ${id}`,
      `X-Docker-Expose-Session-Sharedkey: ${options.sharedKey ?? id}`,
      ...Object.keys(methods).map((method) => `X-Docker-Expose-Session-Grpc-Method: ${method}`),
    ]);
    void serveGrpc(socket as Duplex, { codec: this.codec, methods, onBug: () => undefined });
    return { id, asked, received, close: () => socket.destroy() };
  }
}

export const control = (method: string) => `/moby.buildkit.v1.Control/${method}`;

/** Plays the client's side of DiffCopy over files that are only there in memory. */
function sendFiles(files: Files, asked: Asked): Method {
  return async (call, codec) => {
    const { metadata } = call;
    asked.folders.push({
      name: metadata['dir-name'],
      follow: metadata.followpaths,
      exclude: metadata['exclude-patterns'],
    });
    const wanted = metadata.followpaths === undefined ? undefined : String(metadata.followpaths).split(', ');
    const paths = Object.keys(withParents(files))
      .filter((path) => shown(path, wanted))
      .sort();
    const send = (packet: Partial<Packet>) => call.send(codec.encode('Packet', packet));
    for (const path of paths) await send({ type: 0, stat: statOf(path, files[path]) });
    await send({ type: 0 });
    for await (const message of call.messages()) {
      const { type, ID } = codec.decode('Packet', message);
      if (type === 3) return send({ type: 3 });
      const path = paths[ID]!;
      asked.contents.push(path);
      await send({ type: 2, ID, data: Buffer.from(files[path]!) });
      await send({ type: 2, ID });
    }
  };
}

function withParents(files: Files): Record<string, string | undefined> {
  const all: Record<string, string | undefined> = { ...files };
  for (const path of Object.keys(files))
    for (let at = path.indexOf('/'); at > 0; at = path.indexOf('/', at + 1)) all[path.slice(0, at)] ??= undefined;
  return all;
}

function shown(path: string, wanted: readonly string[] | undefined): boolean {
  if (wanted === undefined) return true;
  return wanted.some((one) => path === one || path.startsWith(`${one}/`) || one.startsWith(`${path}/`));
}

/** The same text has the same time, so that what did not change looks so. */
function statOf(path: string, text: string | undefined) {
  if (text === undefined) return { path, mode: directoryMode, modTime: 1e18 };
  const key = `${path}\0${text}`;
  const modTime = mtimes.get(key) ?? 1.6e18 + mtimes.size * 1e9;
  mtimes.set(key, modTime);
  return { path, mode: 0o644, size: Buffer.byteLength(text), modTime };
}

/** Takes a folder (asking for the content of every file) or a stream of bytes. */
function receive(into: Solved['received'], isFolder: boolean): Method {
  return async (call, codec) => {
    if (!isFolder) {
      for await (const message of call.messages())
        into.bytes = Buffer.concat([into.bytes, codec.decode('Bytes', message).data]);
      return;
    }
    const paths: string[] = [];
    let open = 0;
    let described = false;
    for await (const message of call.messages()) {
      const packet = codec.decode('Packet', message);
      if (packet.type === 3) return;
      if (packet.type === 0 && packet.stat) {
        const { path = '', mode = 0 } = packet.stat;
        paths.push(path);
        into.files.set(path, '');
        if (mode >= 0x1000000) continue;
        open++;
        await call.send(codec.encode('Packet', { type: 1, ID: paths.length - 1 }));
      } else if (packet.type === 0) described = true;
      else if (packet.data.length > 0) {
        const path = paths[packet.ID]!;
        into.files.set(path, into.files.get(path)! + Buffer.from(packet.data).toString());
      } else open--;
      if (described && open === 0) await call.send(codec.encode('Packet', { type: 3 }));
    }
  };
}
