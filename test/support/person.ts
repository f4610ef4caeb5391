/** An ordinary user of the machine that a test makes and removes, with the range of ids that useradd(8) gives it. */
import { execFile, execFileSync, spawn } from 'node:child_process';
import { accessSync, chownSync, constants, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import path from 'node:path';
import type { CommandResult } from './project.js';

export interface Person {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  /** Home and working folder. */
  readonly folder: string;
  /** What a command is put behind so that it finds a /dev/net/tun for everybody, as udev(7) makes it on most machines. */
  readonly before: readonly string[];
}

/** Why this machine can have none; undefined when it can. */
export function obstacle(): string | undefined {
  if (process.getuid?.() !== 0) return 'only root can make an account for it';
  for (const file of ['/usr/sbin/useradd', '/usr/bin/newuidmap', '/usr/bin/setpriv'])
    if (!statSync(file, { throwIfNoEntry: false })) return `${file} is missing`;
  if (readFileSync('/proc/sys/user/max_user_namespaces', 'utf8').trim() === '0') return 'user namespaces are forbidden';
  return undefined;
}

export function makePerson(): Person {
  const name = `dvt${process.pid}`;
  const folder = mkdtempSync('/tmp/rl-');
  execFileSync('/usr/sbin/useradd', ['--home-dir', folder, '--no-create-home', '--shell', '/bin/sh', name]);
  const id = (flag: string) => Number(execFileSync('id', [flag, name], { encoding: 'utf8' }));
  const person = { name, uid: id('-u'), gid: id('-g'), folder, before: tunnelFor(folder) };
  chownSync(folder, person.uid, person.gid);
  return person;
}

function tunnelFor(folder: string): string[] {
  const isThere = statSync('/dev/net/tun', { throwIfNoEntry: false });
  if (!isThere || (isThere.mode & 0o006) === 0o006) return [];
  const node = path.join(folder, 'tun');
  execFileSync('mknod', [node, 'c', '10', '200']);
  execFileSync('chmod', ['0666', node]);
  const script = 'mount --bind "$0" /dev/net/tun && exec "$@"';
  return ['unshare', '--mount', '--propagation', 'private', 'sh', '-c', script, node];
}

/** Whether packets of its containers can leave by a program. */
export function hasWayOut(): boolean {
  const isProgram = (file: string) => {
    try {
      accessSync(file, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  };
  return statSync('/dev/net/tun', { throwIfNoEntry: false }) !== undefined && isProgram('/usr/bin/pasta');
}

export function removePerson({ name, folder }: Person): void {
  // A test that failed may have left something: that is told by the test, and hides nothing of it.
  execFileSync('/usr/sbin/userdel', ['--force', name], { stdio: 'ignore' });
  rmSync(folder, { recursive: true, force: true });
}

/** A command line of the person: its groups alone, nothing of root's environment but `more`. */
export function as(
  person: Person,
  command: readonly string[],
  more: Record<string, string> = {},
): Promise<CommandResult> {
  const { name, uid, gid, folder, before } = person;
  const env = { HOME: folder, USER: name, PATH: process.env.PATH ?? '', DEVENV_RUNTIME_DIR: `${folder}/run`, ...more };
  const identity = ['setpriv', `--reuid=${uid}`, `--regid=${gid}`, '--clear-groups', '--', ...command];
  const [program = '', ...args] = [...before, ...identity];
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'] });
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (chunk) => {
      stdout += chunk;
    });
    child.stderr.on('data', (chunk) => {
      stderr += chunk;
    });
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, stdout, stderr, output: stdout + stderr }));
  });
}

/** Its processes, a line each that begins with the pid, but those that nobody has waited for yet. */
export function processesOf({ uid }: Person): Promise<string> {
  const isAlive = (line: string) => line !== '' && !/^\d+\s+Z/.test(line);
  return new Promise((resolve) =>
    execFile('ps', ['-U', String(uid), '-o', 'pid=,stat=,args='], (_, out) =>
      resolve(
        out
          .split('\n')
          .map((line) => line.trim())
          .filter(isAlive)
          .join('\n'),
      ),
    ),
  );
}
