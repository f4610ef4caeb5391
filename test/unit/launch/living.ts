import { mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import { composeLaunch } from '../../../runtime/launch/compose.js';
import { readRecords } from '../../../runtime/launch/log-format.js';
import type { LaunchProgram } from '../../../runtime/launch/program.js';
import { compileSeccomp } from '../../../runtime/launch/seccomp/compile.js';
import type { LaunchSpec, ProcessSpec } from '../../../runtime/launch/spec.js';
import type { AttachStream, ExecSpec, ExitStatus, PreparedContainer } from '../../../runtime/launch/types.js';
import { startLauncher } from '../../support/launcher.js';
import { launchSpec } from './builders.js';

/** Real containers need root; their programs are the machine's own, bound read-only. */
export const canContain = process.getuid?.() === 0;

type Changes = Partial<Omit<LaunchSpec, 'process'>> & { readonly process?: Partial<ProcessSpec> };

export interface Living {
  readonly launcher: Awaited<ReturnType<typeof startLauncher>>['launcher'];
  /** Composed; `script` is run by a shell. */
  program(id: string, script: string | readonly string[], changes?: Changes): LaunchProgram;
  /** And set up. */
  prepare(id: string, script: string | readonly string[], changes?: Changes): Promise<PreparedContainer>;
  /** From start to end, with what it wrote. */
  run(
    id: string,
    script: string | readonly string[],
    changes?: Changes,
  ): Promise<ExitStatus & { readonly out: string; readonly err: string }>;
  /** A file or folder of the test's. */
  at(...names: string[]): string;
  close(): Promise<void>;
}

export const ANY_DEVICE = { deviceRules: ['a *:* rwm'] };
const MERGED = ['bin', 'sbin', 'lib', 'lib64'];

export async function openLiving(): Promise<Living> {
  const { launcher, folder, close } = await startLauncher();
  const at = (...names: string[]) => path.join(folder, ...names);
  mkdirSync(at('image', 'usr'), { recursive: true });
  for (const name of MERGED) symlinkSync(`usr/${name}`, at('image', name));
  const cgroup = `devenv-test-${path.basename(folder).replace(/\W/g, '')}`;

  const program: Living['program'] = (id, script, { process, ...changes } = {}) => {
    for (const name of ['upper', 'work', 'root']) mkdirSync(at(id, name), { recursive: true });
    const usr = { kind: 'bind', source: '/usr', target: '/usr', readOnly: true, recursive: true } as const;
    const spec = launchSpec({
      containerId: id,
      rootfs: {
        kind: 'overlay',
        lower: [at('image')],
        upper: at(id, 'upper'),
        work: at(id, 'work'),
        options: [],
        mountpoint: at(id, 'root'),
      },
      seccomp: compileSeccomp('default', []),
      cgroupPath: `${cgroup}/${id}`,
      resources: ANY_DEVICE,
      log: { path: at(id, 'log'), maxBytes: undefined, maxFiles: 1, compresses: false },
      monitorSocket: at(`${id}.sock`),
      exitFile: at(id, 'exit'),
      ...changes,
      mounts: [{ ...usr, propagation: 'rprivate' }, ...(changes.mounts ?? [])],
      process: {
        args: typeof script === 'string' ? ['/bin/sh', '-c', script] : script,
        env: ['PATH=/usr/bin:/bin'],
        cwd: '/',
        ...process,
      },
    });
    return composeLaunch(spec, launcher.machine);
  };
  const prepare: Living['prepare'] = (...args) => launcher.prepare(program(...args));

  return {
    launcher,
    at,
    program,
    prepare,
    async run(id, script, changes) {
      const container = await prepare(id, script, changes);
      await container.go();
      const exit = await container.monitor.exited;
      const { records } = readRecords(readFileSync(at(id, 'log')));
      const of = (wanted: 1 | 2) =>
        Buffer.concat(records.filter(({ stream }) => stream === wanted).map(({ payload }) => payload)).toString();
      return { ...exit, out: of(1), err: of(2) };
    },
    close,
  };
}

/** Everything that comes, and the frames cut: `1:text` each. */
export async function frames(stream: AttachStream): Promise<string[]> {
  const found: string[] = [];
  for (let rest = await bytes(stream); rest.length > 0; ) {
    const end = 8 + rest.readUInt32BE(4);
    found.push(`${rest[0]}:${rest.subarray(8, end)}`);
    rest = rest.subarray(end);
  }
  return found;
}

export async function bytes(stream: AttachStream): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

export const everything = { stdin: true, stdout: true, stderr: true };
export const nothing = { stdin: false, stdout: false, stderr: false };

export function execSpec(script: string | readonly string[], changes: Partial<ExecSpec> = {}): ExecSpec {
  return {
    args: typeof script === 'string' ? ['/bin/sh', '-c', script] : script,
    env: ['PATH=/usr/bin:/bin'],
    cwd: '/',
    uid: 0,
    gid: 0,
    groups: [],
    tty: false,
    attach: everything,
    capabilities: [],
    noNewPrivileges: false,
    seccomp: undefined,
    appArmorProfile: undefined,
    ...changes,
  };
}
