/** SecurityOpt of a HostConfig, read. */
import { existsSync } from 'node:fs';
import { EngineError } from '../errors.js';
import { defaultAppArmorProfile } from './apparmor.js';
import type { Engine } from './engine.js';
import type { HostConfig } from './host-config.js';

export interface SecurityOptions {
  readonly noNewPrivileges: boolean;
  /** `default`, `unconfined`, or the text of a profile. */
  readonly seccomp: string;
  /** `unconfined` too; undefined where none is named. */
  readonly appArmorProfile: string | undefined;
  readonly writableCgroups: boolean;
}

/** As the daemon does on create, where a bad option is its own failure (500). Profiles are read at the start. */
export function checkSecurityOptions(list: readonly string[]): void {
  try {
    parseSecurityOptions(list);
  } catch (cause) {
    throw new EngineError('system', (cause as Error).message, { cause });
  }
}

/** Throws `invalid` with Docker's sentence. SELinux labels are taken and mean nothing here. */
export function parseSecurityOptions(list: readonly string[]): SecurityOptions {
  const result = {
    noNewPrivileges: false,
    seccomp: 'default',
    appArmorProfile: undefined as string | undefined,
    writableCgroups: false,
  };
  for (const option of list) {
    const at = option.search(/[=:]/);
    const key = at < 0 ? option : option.slice(0, at);
    const value = at < 0 ? '' : option.slice(at + 1);
    if (key === 'no-new-privileges') result.noNewPrivileges = readBool(option, value);
    else if (key === 'writable-cgroups') result.writableCgroups = readBool(option, value);
    else if (at < 0 && key !== 'disable')
      throw new EngineError('invalid', `invalid --security-opt 1: ${JSON.stringify(option)}`);
    else if (key === 'seccomp') result.seccomp = seccompOf(value);
    else if (key === 'apparmor') result.appArmorProfile = value;
    else if (key !== 'label' && key !== 'disable')
      throw new EngineError('invalid', `invalid --security-opt 2: ${JSON.stringify(option)}`);
  }
  return result;
}

/** What a container's processes are confined by; undefined: by none. Where the kernel has no AppArmor, a name means nothing (as in Docker). */
export async function appArmorProfileOf(engine: Engine, host: HostConfig): Promise<string | undefined> {
  const { appArmorProfile: named } = parseSecurityOptions(host.SecurityOpt ?? []);
  if (host.Privileged || named === 'unconfined') return undefined;
  if (named === undefined) return defaultAppArmorProfile(engine);
  return existsSync('/sys/module/apparmor') ? named : undefined;
}

function readBool(option: string, value: string): boolean {
  if (value === '' || value === 'true') return true;
  if (value === 'false') return false;
  throw new EngineError('invalid', `invalid --security-opt 2: ${JSON.stringify(option)}`);
}

function seccompOf(value: string): string {
  if (value === 'builtin' || value === '') return 'default';
  return value;
}

/** What Docker adds where the machine's processes are in sight: SELinux labels would be in the way. */
export function impliedSecurityOptions(host: HostConfig): readonly string[] | null {
  const options = host.SecurityOpt;
  if (options?.some((option) => option.startsWith('label'))) return options;
  if (!host.Privileged && host.PidMode !== 'host' && host.IpcMode !== 'host') return options;
  return [...(options ?? []), 'label=disable'];
}
