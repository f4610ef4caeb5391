/** BuildKit's services on the engine's socket. Loaded with the first build that speaks this protocol. */
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import type { Engine } from '../../engine/engine.js';
import { SyncedFolders } from '../../engine/synced-folders.js';
import { EngineError } from '../../errors.js';
import type { Call, streamed } from '../routes.js';
import { buildRequest } from './control/build-request.js';
import { contentMethods } from './control/content.js';
import { controlMethods } from './control/control.js';
import { Jobs } from './control/jobs.js';
import { bridgeMethods } from './gateway/bridge.js';
import { GrpcClient } from './grpc/client.js';
import { type Methods, serveGrpc, unary } from './grpc/server.js';
import { openCodec } from './proto/codec.js';
import { Sessions } from './session/sessions.js';
import { tunnelOf } from './session/tunnel.js';
import { Uploads } from './session/upload.js';

export interface SessionFacts {
  readonly id: string;
  readonly sharedKey: string;
  readonly methods: readonly string[];
}

type Headers = Readonly<Record<string, string | string[] | undefined>>;

/** From the headers of a request, or the metadata of a call. Throws `invalid` without an id. */
function readSessionFacts(headers: Headers): SessionFacts {
  const id = text(headers[`${prefix}uuid`]);
  if (id === '') throw new EngineError('invalid', 'session id is required: X-Docker-Expose-Session-Uuid');
  return {
    id,
    sharedKey: text(headers[`${prefix}sharedkey`]),
    methods: text(headers[`${prefix}grpc-method`]).split(', '),
  };
}

const prefix = 'x-docker-expose-session-';

/** Node joins headers that come several times by commas. */
const text = (header: string | string[] | undefined) => (Array.isArray(header) ? header.join(', ') : (header ?? ''));

export interface BuildKit {
  /** Answers calls on the connection until it closes. Never rejects. */
  serve(socket: Duplex): Promise<void>;
  /** `POST /build` of clients that ask for this builder (`version=2`), and what cancels such a build. */
  build(call: Call): Promise<typeof streamed>;
  cancel(id: string): void;
  readSessionFacts(headers: Headers): SessionFacts;
  /** Asks on the connection, on behalf of builds that name it. Resolves when it is closed. */
  session(socket: Duplex, facts: SessionFacts): Promise<void>;
}

const serving = 1;

/** Of others' services: health, which clients probe with, and traces, which we take and drop. */
const others: Methods = {
  '/grpc.health.v1.Health/Check': unary('HealthRequest', 'HealthResponse', () => ({ status: serving })),
  '/opentelemetry.proto.collector.trace.v1.TraceService/Export': unary('Empty', 'Empty', () => ({})),
};

export function openBuildKit(
  engine: Engine,
  { version, onBug }: { readonly version: string; readonly onBug: (what: string, error: unknown) => void },
): BuildKit {
  const codec = openCodec();
  const sessions = new Sessions();
  const folders = new SyncedFolders(join(engine.foundations.paths.home, 'build', 'synced'));
  const parts = { engine, codec, sessions, folders, jobs: new Jobs(), uploads: new Uploads(), version };
  const session = async (socket: Duplex, { id, sharedKey, methods }: SessionFacts) => {
    const client = new GrpcClient(socket, codec);
    sessions.add({ id, sharedKey, methods: new Set(methods.map((method) => method.toLowerCase())), client });
    await client.closed;
  };
  const methods: Methods = {
    ...controlMethods(parts),
    ...contentMethods(parts),
    ...bridgeMethods(parts),
    ...others,
    '/moby.buildkit.v1.Control/Session': (call) => session(tunnelOf(call, codec), readSessionFacts(call.metadata)),
  };
  return {
    serve: (socket) => serveGrpc(socket, { codec, methods, onBug }),
    build: (call) => buildRequest(parts, call),
    cancel: (id) => parts.jobs.find(id)?.abort.abort(),
    readSessionFacts,
    session,
  };
}
