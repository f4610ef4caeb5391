/** `login` and `logout`: what the docker command does, in the same file and with the same helpers. */
import { text } from 'node:stream/consumers';
import {
  type Credentials,
  DOCKER_HUB_KEY,
  findCredentials,
  forgetCredentials,
  keepCredentials,
  registryNamed,
} from '../apply/credentials.js';
import { dockerConfigFile } from '../apply/docker-config.js';
import { EngineAnswerError } from '../engine/errors.js';
import { checkLogin } from '../engine/system.js';
import { UserError } from '../errors.js';
import { promptLine } from './prompt.js';
import type { Session } from './session.js';

export interface LoginWish {
  /** As typed; empty: Docker Hub. */
  readonly server: string;
  readonly username: string | undefined;
  readonly password: string | undefined;
  readonly passwordFromStdin: boolean;
}

/** Throws UserError `login-failed` with the registry's sentence. */
export async function logIn(session: Session, wish: LoginWish): Promise<void> {
  const { terminal, world } = session;
  const registry = registryNamed(wish.server);
  const kept = await keptLogin(session, wish, registry);
  if (kept && (await tryKept(session, registry, kept))) return;
  const given = await ask(session, wish, kept);
  const identityToken = await check(session, registry, given);
  const what = identityToken ? { identitytoken: identityToken, username: given.username } : given;
  if (await keepCredentials(registry, world.env, what)) {
    await terminal.status(`Your password is kept readable in ${dockerConfigFile(world.env)}.\n`);
    await terminal.status('  A credential helper (credsStore in there) keeps it safely.\n');
  }
  await terminal.data('Login Succeeded\n');
}

async function keptLogin(session: Session, wish: LoginWish, registry: string): Promise<Credentials | undefined> {
  if (wish.username !== undefined || wish.password !== undefined || wish.passwordFromStdin) return undefined;
  return findCredentials(registry, session.world.env);
}

/** A log-in that still holds is not asked for again. */
async function tryKept(session: Session, registry: string, kept: Credentials): Promise<boolean> {
  const user = kept.username ? ` [Username: ${kept.username}]` : '';
  await session.terminal.status(`Authenticating with existing credentials...${user}\n`);
  try {
    await check(session, registry, kept);
  } catch (error) {
    if (!session.world.stdin.isTTY) throw error;
    await session.terminal.status(`Login did not succeed: ${(error as Error).message}\n`);
    return false;
  }
  await session.terminal.data('Login Succeeded\n');
  return true;
}

async function ask(session: Session, wish: LoginWish, kept: Credentials | undefined) {
  const { stdin } = session.world;
  if (wish.passwordFromStdin) {
    if (!wish.username) throw new UserError('usage', 'Must provide --username with --password-stdin');
    return { username: wish.username, password: (await text(stdin)).replace(/\r?\n$/, '') };
  }
  if (wish.password !== undefined) {
    await session.terminal.status('A password on the command line can be seen by others: use --password-stdin.\n');
  }
  if (!stdin.isTTY && (wish.username === undefined || wish.password === undefined)) {
    throw new UserError('no-terminal', 'Cannot perform an interactive login from a non TTY device', [
      'Give --username, and the password on standard input with --password-stdin.',
    ]);
  }
  const known = kept?.username ? ` (${kept.username})` : '';
  const username = wish.username ?? ((await promptLine(session, `Username${known}: `)) || (kept?.username ?? ''));
  if (!username) throw new UserError('usage', 'Username cannot be empty');
  const password = wish.password ?? (await promptLine(session, 'Password: ', { hidden: true }));
  if (!password) throw new UserError('usage', 'Password cannot be empty');
  return { username, password };
}

/** Asks the registry through the engine; gives the refresh token where it hands one out. */
async function check(session: Session, registry: string, what: Credentials): Promise<string> {
  const server = registry === 'docker.io' ? DOCKER_HUB_KEY : registry;
  try {
    return await checkLogin(await session.engine(), { ...what, serveraddress: server });
  } catch (error) {
    if (!(error instanceof EngineAnswerError)) throw error;
    throw new UserError('login-failed', error.message, [], undefined, { cause: error });
  }
}

export async function logOut(session: Session, server: string): Promise<void> {
  const registry = registryNamed(server);
  const said = registry === 'docker.io' ? DOCKER_HUB_KEY : registry;
  const was = await forgetCredentials(registry, session.world.env);
  await session.terminal.data(was ? `Removing login credentials for ${said}\n` : `Not logged in to ${said}\n`);
}
