/** What a secret's provider says: a key of a dotenv file, or what a program prints. */
import { readFile } from 'node:fs/promises';
import { execa } from 'execa';
import { UserError } from '../errors.js';
import type { SecretProvider } from '../model/project.js';
import type { ApplyContext } from './context.js';

const LIMIT_MS = 60_000;
/** Of a program's output: the largest secret of Docker's own has 500 kB. */
const LIMIT_BYTES = 1 << 20;
/** After its end, for what is still in its pipes. */
const LAST_WORDS_MS = 500;

type Asking = Pick<ApplyContext, 'project' | 'env' | 'locate' | 'secrets'> &
  Partial<Pick<ApplyContext, 'signal'>> & { readonly limitMs?: number };

/** Asked once an apply, however many services use it. Throws UserError `secret-provider` with the place of the provider. */
export function providedSecret(name: string, provider: SecretProvider, context: Asking): Promise<Buffer> {
  const known = context.secrets.get(name);
  if (known) return known;
  const asked = 'command' in provider ? run(name, provider.command, context) : read(name, provider, context);
  context.secrets.set(name, asked);
  return asked;
}

/** By the dotenv package's rules, whatever else the project's own env files allow. */
async function read(
  name: string,
  { dotenv, key }: Extract<SecretProvider, { dotenv: string }>,
  { locate }: Asking,
): Promise<Buffer> {
  const { parse } = await import('dotenv');
  const text = await readFile(dotenv).catch((cause: NodeJS.ErrnoException) => {
    const why = cause.code === 'ENOENT' ? 'there is no such file' : cause.message;
    throw failed(name, `${dotenv} cannot be read: ${why}`, ['Write it, or name another file.'], locate);
  });
  const value = parse(text)[key];
  if (value !== undefined) return Buffer.from(value);
  throw failed(name, `${dotenv} has no ${key}`, [`Add a line ${key}=…, or name another key.`], locate);
}

/**
 * Its standard output is the secret, without the line break at its end. What it says of errors is shown, what it prints never.
 * What it leaves running in the background (an agent) may keep its output open and is not waited for.
 */
async function run(name: string, command: readonly string[], asking: Asking): Promise<Buffer> {
  const { project, env, locate, signal, limitMs = LIMIT_MS } = asking;
  const [program = '', ...args] = command;
  const child = execa(program, args, {
    cwd: project.workingDir,
    env: { ...env, DEVENV_SECRET: name, DEVENV_PROJECT: project.name },
    extendEnv: false,
    stdin: 'ignore',
    encoding: 'buffer',
    stripFinalNewline: true,
    timeout: limitMs,
    maxBuffer: LIMIT_BYTES,
    reject: false,
    ...(signal ? { cancelSignal: signal } : {}),
  });
  child.once('exit', () =>
    setTimeout(() => [child.stdout, child.stderr].map((one) => one.destroy()), LAST_WORDS_MS).unref(),
  );
  const ran = await child;
  signal?.throwIfAborted();
  const why = ran.failed ? whyFailed(ran, limitMs) : ran.stdout.length === 0 ? 'printed nothing' : undefined;
  if (why === undefined) return Buffer.from(ran.stdout);
  const next = [`Run it by hand in ${project.workingDir} to see more.`];
  throw failed(name, `its provider ${program} ${why}`, next, locate);
}

interface Failure {
  readonly timedOut: boolean;
  readonly isMaxBuffer: boolean;
  readonly code?: string;
  readonly exitCode?: number | undefined;
  readonly signal?: string | undefined;
  readonly stderr?: Uint8Array | undefined;
}

function whyFailed({ timedOut, isMaxBuffer, code, exitCode, signal, stderr }: Failure, limitMs: number): string {
  if (timedOut) return `did not end within ${limitMs / 1000} s`;
  if (isMaxBuffer) return `printed more than ${LIMIT_BYTES >> 20} MiB`;
  if (code === 'ENOENT') return 'was not found';
  if (code === 'EACCES') return 'may not be executed';
  const said = Buffer.from(stderr ?? [])
    .toString()
    .trim()
    .split('\n')
    .at(-1);
  return `ended with ${exitCode ?? signal ?? code}${said ? `: ${said}` : ''}`;
}

function failed(name: string, why: string, next: readonly string[], locate: Asking['locate']): UserError {
  const at = locate(`secrets.${name}.x-secret-provider`) ?? locate(`secrets.${name}`);
  return new UserError('secret-provider', `The secret "${name}" cannot be had: ${why}.`, [...next], at);
}
