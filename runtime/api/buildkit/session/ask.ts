/** What a build asks its client for while it runs: secrets, agents, credentials. */
import { randomUUID } from 'node:crypto';
import { mkdir, rm } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import type { BuildOptions } from '../../../engine/build-context.js';
import type { RegistryAuth } from '../../../engine/images.js';
import { codes, GrpcError } from '../grpc/status.js';
import type { Session } from './sessions.js';

export type AskClient = NonNullable<BuildOptions['ask']>;

export interface Asking {
  readonly ask: AskClient;
  /** Closes the sockets of agents. */
  close(): Promise<void>;
}

const secretMethod = '/moby.buildkit.secrets.v1.Secrets/GetSecret';
const credentialsMethod = '/moby.filesync.v1.Auth/Credentials';
const checkAgentMethod = '/moby.sshforward.v1.SSH/CheckAgent';
const forwardMethod = '/moby.sshforward.v1.SSH/ForwardAgent';

/** `folder`: where sockets of agents may be made; its path must be short (unix(7)). */
export function askSession(session: Session, folder: string, signal: AbortSignal): Asking {
  const servers: Server[] = [];
  const paths: string[] = [];
  const close = async () => {
    for (const server of servers) server.close();
    await Promise.all(paths.map((path) => rm(path, { force: true })));
  };
  const ask: AskClient = {
    secret: (id) => unlessMissing(() => getSecret(session, id, signal)),
    auth: (registry) => credentialsFor(session, registry, signal),
    ssh: (id) =>
      unlessMissing(async () => {
        await session.client.unary(checkAgentMethod, ['CheckAgentRequest', 'Empty'], { ID: id }, signal);
        const path = join(folder, `ssh-${randomUUID().slice(0, 8)}`);
        await mkdir(folder, { recursive: true, mode: 0o700 });
        servers.push(await listen(path, (socket) => void forward(session, id, socket, signal)));
        paths.push(path);
        return path;
      }),
  };
  return { ask, close };
}

/** Undefined: the client has none for that registry. */
export function credentialsFor(
  session: Session,
  registry: string,
  signal: AbortSignal,
): Promise<RegistryAuth | undefined> {
  return unlessMissing(() => getCredentials(session, registry, signal));
}

const missing: readonly number[] = [codes.notFound, codes.unimplemented];

async function unlessMissing<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof GrpcError && (missing.includes(error.code) || /unset ssh forward key/.test(error.message)))
      return undefined;
    throw error;
  }
}

async function getSecret(session: Session, id: string, signal: AbortSignal): Promise<Uint8Array> {
  return (await session.client.unary(secretMethod, ['GetSecretRequest', 'Bytes'], { ID: id }, signal)).data;
}

async function getCredentials(session: Session, registry: string, signal: AbortSignal) {
  // Docker Hub's credentials are kept under the host that its API has.
  const Host = registry === 'docker.io' ? 'registry-1.docker.io' : registry;
  const shapes = ['CredentialsRequest', 'CredentialsResponse'] as const;
  const { Username, Secret } = await session.client.unary(credentialsMethod, shapes, { Host }, signal);
  if (Secret === '') return undefined;
  // An identity token comes without a user.
  return Username === '' ? { identityToken: Secret } : { username: Username, password: Secret };
}

function listen(path: string, onConnection: (socket: Socket) => void): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer({ allowHalfOpen: true }, onConnection);
    server.once('error', reject);
    server.listen(path, () => resolve(server.unref()));
  });
}

/** One connection to the agent is one call; bytes go both ways until either side ends. */
async function forward(session: Session, id: string, socket: Socket, signal: AbortSignal): Promise<void> {
  const { codec } = session.client;
  socket.on('error', () => socket.destroy());
  const call = session.client.call(forwardMethod, { 'buildkit.ssh.id': id }, signal);
  socket.on('data', (data) => void call.send(codec.encode('Bytes', { data })).catch(() => socket.destroy()));
  socket.once('end', () => call.endSend());
  socket.once('close', () => call.cancel());
  try {
    for await (const message of call.messages()) socket.write(codec.decode('Bytes', message).data);
    socket.end();
  } catch {
    socket.destroy();
  }
}
