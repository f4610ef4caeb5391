/** Which kernel parameters a container may set: those of its own namespaces, by the rules and in the words of runc's validator. Pure. */
import { EngineError } from '../errors.js';
import type { HostConfig } from './host-config.js';

const IPC = new Set([
  ...['kernel.msgmax', 'kernel.msgmnb', 'kernel.msgmni', 'kernel.sem'],
  ...['kernel.shmall', 'kernel.shmmax', 'kernel.shmmni', 'kernel.shm_rmid_forced'],
]);

/** Throws `system`: anything else would change the machine. */
export function checkSysctls(host: HostConfig): void {
  for (const name of Object.keys(host.Sysctls ?? {})) {
    const why = refusal(dotted(name), host);
    if (why !== undefined)
      throw new EngineError(
        'system',
        `failed to create task for container: failed to create shim task: OCI runtime create failed: runc create failed: sysctl ${JSON.stringify(name)} ${why}`,
      );
  }
}

/** `net/ipv4/conf/eth0.1/x` as `net.ipv4.conf.eth0/1.x` (sysctl(8)). */
export function dotted(name: string): string {
  const first = /[./]/.exec(name)?.[0];
  return first === '/' ? name.replace(/[./]/g, (one) => (one === '/' ? '.' : '/')) : name;
}

function refusal(name: string, host: HostConfig): string | undefined {
  if (name.split('.').some((part) => /^\/*$/.test(part))) return 'is not in a separate kernel namespace';
  if (IPC.has(name) || name.startsWith('fs.mqueue.'))
    return host.IpcMode === 'host' ? 'is not allowed in the hosts ipc namespace' : undefined;
  if (name.startsWith('net.')) return host.NetworkMode === 'host' ? 'not allowed in host network namespace' : undefined;
  if (name === 'kernel.domainname')
    return host.UTSMode === 'host' ? 'is not allowed in the hosts uts namespace' : undefined;
  if (name === 'kernel.hostname') return 'is not allowed as it conflicts with the OCI "hostname" field';
  return 'is not in a separate kernel namespace';
}
