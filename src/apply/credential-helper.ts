import { execFile } from 'node:child_process';
import { UserError } from '../errors.js';

/** What a helper keeps for one registry; the user `<token>` has a refresh token as its secret. */
export interface Secret {
  readonly username: string;
  readonly secret: string;
}

/** Programs `docker-credential-NAME`: docker/docker-credential-helpers, "Development". */
export async function askHelper(name: string, registry: string): Promise<Secret | undefined> {
  const { code, stdout, said } = await runHelper(name, 'get', registry);
  if (code !== 0) {
    if (/credentials not found/i.test(stdout + said)) return undefined;
    throw failed(name, 'get', stdout + said);
  }
  const found = JSON.parse(stdout) as { Username?: string; Secret?: string };
  return { username: found.Username ?? '', secret: found.Secret ?? '' };
}

export async function tellHelper(name: string, registry: string, { username, secret }: Secret): Promise<void> {
  const input = JSON.stringify({ ServerURL: registry, Username: username, Secret: secret });
  const { code, stdout, said } = await runHelper(name, 'store', input);
  if (code !== 0) throw failed(name, 'store', stdout + said);
}

/** False: it had nothing of that registry. */
export async function eraseFromHelper(name: string, registry: string): Promise<boolean> {
  if (!(await askHelper(name, registry))) return false;
  const { code, stdout, said } = await runHelper(name, 'erase', registry);
  if (code !== 0) throw failed(name, 'erase', stdout + said);
  return true;
}

/** Registries that it keeps something of. */
export async function listOfHelper(name: string): Promise<string[]> {
  const { code, stdout } = await runHelper(name, 'list', '');
  return code === 0 ? Object.keys(JSON.parse(stdout || '{}') as object) : [];
}

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly said: string;
}

function runHelper(name: string, action: string, input: string): Promise<Ended> {
  const program = `docker-credential-${name}`;
  return new Promise((resolve, reject) => {
    const child = execFile(program, [action], { timeout: 60_000 }, (error, stdout, said) => {
      if ((error as NodeJS.ErrnoException | null)?.code === 'ENOENT') reject(missing(program));
      else resolve({ code: error ? 1 : 0, stdout, said });
    });
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(input);
  });
}

function missing(program: string): UserError {
  return new UserError('credential-helper', `the credential helper ${program} is not installed`, [
    "Install it, or take its name out of Docker's config.json (credsStore, credHelpers).",
  ]);
}

function failed(name: string, action: string, said: string): UserError {
  return new UserError('credential-helper', `docker-credential-${name} ${action}: ${said.trim() || 'it failed'}`);
}
