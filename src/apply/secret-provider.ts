/** What a secret's provider says: a key of a dotenv file, or what a program prints. */
import { readFile } from 'node:fs/promises';
import { execa } from 'execa';
import { UserError } from '../errors.js';
import type { SecretProvider } from '../model/project.js';
import type { ApplyContext } from './context.js';

const LIMIT_MS = 60_000;

type Asking = Pick<ApplyContext, 'project' | 'env' | 'locate' | 'secrets'>;

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

/** Its standard output is the secret, without the line break at its end. What it says of errors is shown, what it prints never. */
async function run(name: string, command: readonly string[], { project, env, locate }: Asking): Promise<Buffer> {
  const [program = '', ...args] = command;
  const ran = await execa(program, args, {
    cwd: project.workingDir,
    env: { ...env, DEVENV_SECRET: name, DEVENV_PROJECT: project.name },
    extendEnv: false,
    stdin: 'ignore',
    encoding: 'buffer',
    stripFinalNewline: true,
    timeout: LIMIT_MS,
    reject: false,
  });
  if (!ran.failed) return Buffer.from(ran.stdout);
  const said = Buffer.from(ran.stderr ?? [])
    .toString()
    .trim()
    .split('\n')
    .at(-1);
  const why = ran.timedOut
    ? `did not end within ${LIMIT_MS / 1000} s`
    : ran.code === 'ENOENT'
      ? 'was not found'
      : `ended with ${ran.exitCode ?? ran.signal ?? ran.code}${said ? `: ${said}` : ''}`;
  throw failed(
    name,
    `its provider ${program} ${why}`,
    [`Run it by hand in ${project.workingDir} to see more.`],
    locate,
  );
}

function failed(name: string, why: string, next: readonly string[], locate: Asking['locate']): UserError {
  const at = locate(`secrets.${name}.x-secret-provider`) ?? locate(`secrets.${name}`);
  return new UserError('secret-provider', `The secret "${name}" cannot be had: ${why}.`, [...next], at);
}
