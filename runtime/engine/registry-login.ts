import { EngineError } from '../errors.js';
import { networkSentence, RegistryAnswer } from '../images/registry/failures.js';
import { hostOf, isInsecure } from '../images/registry/hosts.js';
import { openTokens, parseChallenge } from '../images/registry/tokens.js';
import { openTransport, type Transport } from '../images/registry/transport.js';
import type { RegistryAuth } from '../images/types.js';

export { networkSentence };

export interface Login {
  /** `https://index.docker.io/v1/`, `localhost:5000`; empty: Docker Hub. */
  readonly serverAddress: string;
  readonly auth: RegistryAuth;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly signal: AbortSignal;
}

/** Whether a registry takes these credentials. Throws `unauthorized` when it does not, `system` when it cannot be asked. */
export async function checkLogin(login: Login): Promise<void> {
  const address = login.serverAddress.replace(/^https?:\/\//, '').split('/')[0]!;
  const host = hostOf(address === '' || address === 'index.docker.io' ? 'docker.io' : address);
  const transport = openTransport(login.environment);
  const bases = isInsecure(host, login.environment) ? [`https://${host}`, `http://${host}`] : [`https://${host}`];
  try {
    await tryBases(transport, bases, login);
  } finally {
    await transport.close();
  }
}

async function tryBases(transport: Transport, bases: readonly string[], login: Login): Promise<void> {
  let failure: unknown;
  for (const base of bases) {
    try {
      return await logIn(transport, `${base}/v2/`, login);
    } catch (error) {
      login.signal.throwIfAborted();
      if (error instanceof EngineError) throw error;
      failure = new EngineError('system', `Get "${base}/v2/": ${networkSentence(error)}`, { cause: error });
    }
  }
  throw failure;
}

async function logIn(transport: Transport, url: string, { auth, signal }: Login): Promise<void> {
  const first = await transport.send({ method: 'GET', url, signal });
  await first.discard();
  if (first.status !== 401) return;
  const challenge = parseChallenge(first.header('www-authenticate'));
  const refused = (why: string) => new EngineError('unauthorized', `Get "${url}": unauthorized: ${why}`);
  const authorization = await openTokens(transport)
    .authorization({ challenge, scope: '', auth, signal })
    .catch((error: Error) => {
      if (error instanceof RegistryAnswer && error.status === 401) throw refused(error.detail);
      throw new EngineError('system', `Get "${url}": ${networkSentence(error)}`, { cause: error });
    });
  const second = await transport.send({ method: 'GET', url, headers: authorization ? { authorization } : {}, signal });
  await second.discard();
  if (second.status >= 400) throw refused('incorrect username or password');
}
