/**
 * Control groups of an engine without root: where systemd manages the user's processes, it hands a scope of its own over
 * (systemd.resource-control(5), Delegate=). The processes that a scope begins with move into its group `engine`, as only
 * leaves may have any (kernel, "Control Group v2", No Internal Process Constraint); containers get groups beside that.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Environment } from './paths.js';

const ROOT = '/sys/fs/cgroup';
const LEAF = 'engine';
const PROGRAM = '/usr/bin/systemd-run';

/** What a command is put behind to run in a scope of its own; empty where there is nobody to hand one over. */
export function scopeCommand(env: Environment, pid: number): string[] {
  const manager = path.join(env.XDG_RUNTIME_DIR ?? '/nowhere', 'systemd/private');
  if (!existsSync(`${ROOT}/cgroup.controllers`) || !existsSync(manager) || !existsSync(PROGRAM)) return [];
  const unit = `--unit=devenv-${pid}-${Date.now()}.scope`;
  return [PROGRAM, '--user', '--scope', '--quiet', '--collect', '--property=Delegate=yes', unit, '--'];
}

/** The folder that groups may be made in; undefined where none was handed over. Moves this process beside the holder. */
export function takeGroup(holder: number): string | undefined {
  const scope = scopeOf(readText(`/proc/${holder}/cgroup`));
  if (scope === undefined) return undefined;
  const folder = `${ROOT}${scope}`;
  try {
    mkdirSync(`${folder}/${LEAF}`, { recursive: true });
    const first = readText(`${folder}/cgroup.procs`).split('\n').filter(Boolean);
    for (const pid of [...first, String(process.pid)]) writeFileSync(`${folder}/${LEAF}/cgroup.procs`, pid);
    return folder;
  } catch {
    return undefined;
  }
}

/** `0::/…/devenv-1-2.scope/engine` of a /proc/PID/cgroup: the scope, when it is one that `scopeCommand` asked for. Pure. */
export function scopeOf(text: string): string | undefined {
  return /^0::(\/.*\/devenv-\d+-\d+\.scope)(?:\/engine)?$/m.exec(text)?.[1];
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
