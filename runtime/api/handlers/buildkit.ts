/** `POST /grpc` and `POST /session`: connections that go on as HTTP/2, for clients of BuildKit. */
import type { Duplex } from 'node:stream';
import type { Engine } from '../../engine/engine.js';
import { EngineError } from '../../errors.js';
import type { BuildKit } from '../buildkit/open.js';
import type { Product } from '../product.js';
import { type Call, type Route, streamed } from '../routes.js';

export interface BuildKitOptions {
  readonly engine: Engine;
  readonly product: Product;
  readonly log: (text: string) => void;
}

export type OpenBuildKit = () => Promise<BuildKit>;

/** Loaded with the first client that needs it. */
export function lazyBuildKit(options: BuildKitOptions): OpenBuildKit {
  let opening: Promise<BuildKit> | undefined;
  const open = async () => {
    const { openBuildKit } = await import('../buildkit/open.js');
    const onBug = (what: string, error: unknown) =>
      options.log(`${what}: ${error instanceof Error ? error.stack : String(error)}`);
    return openBuildKit(options.engine, { version: options.product.version, onBug });
  };
  return () => {
    opening ??= open();
    return opening;
  };
}

export function buildkitRoutes(buildkit: OpenBuildKit): Route[] {
  return [
    {
      method: 'POST',
      path: '/build/cancel',
      handle: async ({ query }) => {
        const id = query.text('id');
        if (id === '') throw new EngineError('invalid', 'build ID not provided');
        (await buildkit()).cancel(id);
        return { status: 200 };
      },
    },
    {
      method: 'POST',
      path: '/grpc',
      handle: async (call): Promise<typeof streamed> => {
        if (call.upgrade === undefined) throw new EngineError('system', 'no upgrade proto in request');
        const opened = await buildkit();
        const socket = await switchProtocol(call);
        await opened.serve(socket);
        return streamed;
      },
    },
    {
      method: 'POST',
      path: '/session',
      handle: async (call): Promise<typeof streamed> => {
        if (call.upgrade === undefined) throw new EngineError('invalid', 'no upgrade proto in request');
        const opened = await buildkit();
        const facts = opened.readSessionFacts(call.request.headers);
        const socket = await switchProtocol(call);
        await opened.session(socket, facts);
        return streamed;
      },
    },
  ];
}

async function switchProtocol({ upgrade }: Call): Promise<Duplex> {
  if (upgrade?.protocol !== 'h2c')
    throw new EngineError('invalid', 'this call needs a connection that is upgraded to h2c');
  const { socket } = upgrade;
  const head = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n';
  await new Promise<void>((resolve) => socket.write(head, () => resolve()));
  return socket;
}
