import {
  cgroupDirectories,
  cgroupDirectory,
  cgroupJoinFiles,
  deviceWrites,
  makeCgroupOps,
  resourceWrites,
  writeOp,
} from './cgroup.js';
import { terminalOp } from './compose-exec.js';
import { identityOps, rlimitOps } from './compose-identity.js';
import { bringsDev, mountOps, propagationType, rootOps } from './compose-mounts.js';
import { deviceFilter } from './device-filter.js';
import { interfaceOps, linkUp, portOps } from './interface-ops.js';
import type { Machine } from './machine.js';
import type { LaunchProgram, MonitorSettings, NamespaceName, Op } from './program.js';
import type { LaunchSpec, NamespaceChoices } from './spec.js';

/** How long an attached client may take nothing before it is let go; with a terminal it may hold the program for ever, as one does. */
const STALL_MS = 300_000;

/**
 * A container as a launch program. Pure: all choices are in the spec, all facts in `machine`. The process may be told
 * apart from the program by its operations alone, so this is where the meaning of a container is tested.
 */
export function composeLaunch(spec: LaunchSpec, machine: Machine): LaunchProgram {
  const ports = portOps(spec.ports);
  const wires = spec.interfaces.map((link) => interfaceOps(link));
  return {
    before: [...ports.before, ...cgroupOps(spec, machine), ...joinOps(spec.namespaces, ['newpid'])],
    clone: newNamespaces(spec.namespaces).filter((name) => name !== 'newcgroup'),
    host: [...wires.flatMap((wire) => wire.host), ...ports.host],
    inside: [
      ...placeOps(spec, machine),
      ...rootOps(spec),
      ...mountOps(spec, machine.cgroups),
      ...deviceOps(spec),
      ...networkOps(
        spec,
        wires.flatMap((wire) => wire.inside),
      ),
      ...closeOps(spec),
      ...processOps(spec, machine),
    ],
    monitor: monitorSettings(spec, machine),
  };
}

function cgroupOps(spec: LaunchSpec, { cgroups }: Machine): Op[] {
  const writes = [
    ...resourceWrites(cgroups, spec.cgroupPath, spec.resources),
    ...deviceWrites(cgroups, spec.cgroupPath, spec.resources.deviceRules),
  ];
  const filter = cgroups.version === 2 ? deviceFilter(spec.resources.deviceRules) : undefined;
  return [
    ...makeCgroupOps(cgroups, spec.cgroupPath),
    ...writes.map(writeOp),
    ...(filter === undefined || cgroups.version !== 2
      ? []
      : [{ op: 'cgroup.devices', path: `${cgroups.mountpoint}/${spec.cgroupPath}`, instructions: filter } as const]),
  ];
}

const CHOICES: readonly (readonly [keyof NamespaceChoices, NamespaceName])[] = [
  ['user', 'newuser'],
  ['mount', 'newns'],
  ['pid', 'newpid'],
  ['net', 'newnet'],
  ['ipc', 'newipc'],
  ['uts', 'newuts'],
  ['cgroup', 'newcgroup'],
];

function newNamespaces(choices: NamespaceChoices): NamespaceName[] {
  return CHOICES.flatMap(([key, name]) => (choices[key].kind === 'new' ? [name] : []));
}

function joinOps(choices: NamespaceChoices, wanted: readonly NamespaceName[]): Op[] {
  return CHOICES.flatMap(([key, type]): Op[] => {
    const choice = choices[key];
    return choice.kind === 'path' && wanted.includes(type) ? [{ op: 'namespace.join', path: choice.path, type }] : [];
  });
}

/** Where the process belongs: groups first, so that what follows is on its account, then namespaces. */
function placeOps(spec: LaunchSpec, { cgroups }: Machine): Op[] {
  const files = cgroupJoinFiles(cgroups, spec.cgroupPath);
  const score = spec.process.oomScoreAdj;
  return [
    ...(files.length > 0 ? [{ op: 'cgroup.join', files } as const] : []),
    ...(spec.namespaces.cgroup.kind === 'new' ? [{ op: 'namespace.leave', types: ['newcgroup'] } as const] : []),
    ...joinOps(spec.namespaces, ['newuser', 'newnet', 'newipc', 'newuts', 'newcgroup']),
    ...(score === undefined || score === 0 ? [] : [{ op: 'oom.score', score: String(score) } as const]),
    ...rlimitOps(spec.process.rlimits),
    ...(spec.namespaces.uts.kind === 'new'
      ? [{ op: 'hostname', host: spec.hostname, domain: spec.domainname } as const]
      : []),
    { op: 'keyring', name: `_ses.${spec.containerId}`, optional: true },
    { op: 'mount.propagation', path: '/', propagation: 'slave', recursive: true },
  ];
}

const LINKS: readonly (readonly [path: string, target: string])[] = [
  ['/dev/fd', '/proc/self/fd'],
  ['/dev/stdin', '/proc/self/fd/0'],
  ['/dev/stdout', '/proc/self/fd/1'],
  ['/dev/stderr', '/proc/self/fd/2'],
  ['/dev/ptmx', 'pts/ptmx'],
  ['/dev/core', '/proc/kcore'],
];

function deviceOps(spec: LaunchSpec): Op[] {
  const own = !bringsDev(spec);
  return [
    ...(own ? spec.devices.map((device): Op => ({ op: 'device.make', ...device })) : []),
    ...(own ? LINKS.map(([path, target]): Op => ({ op: 'symlink', target, path })) : []),
    ...(spec.process.tty ? [terminalOp(spec.process.ttySize, own)] : []),
  ];
}

/** Before the pivot, while /proc/sys is still the machine's and can be written. */
function networkOps(spec: LaunchSpec, inside: readonly Op[]): Op[] {
  return [
    ...(spec.namespaces.net.kind === 'new' ? [linkUp('lo')] : []),
    { op: 'wait.host' },
    ...inside,
    ...Object.entries(spec.sysctls).map(
      ([name, value]): Op => ({
        op: 'file.write',
        path: `/proc/sys/${sysctlPath(name)}`,
        bytes: Buffer.from(value),
        create: false,
      }),
    ),
  ];
}

/** `net.ipv4.conf.eth0/1.forwarding`: dots and slashes change places (sysctl(8)). */
function sysctlPath(name: string): string {
  return name.replace(/[./]/g, (separator) => (separator === '.' ? '/' : '.'));
}

/** Nothing of the machine can be seen from here on. */
function closeOps(spec: LaunchSpec): Op[] {
  return [
    ...spec.readOnlyPaths.map((path): Op => ({ op: 'mount.readonly', path, whole: false })),
    ...spec.maskedPaths.map((path): Op => ({ op: 'mount.mask', path })),
    { op: 'root.pivot', propagation: propagationType(spec.rootPropagation) },
    { op: 'dir.make', path: spec.process.cwd, mode: 0o755 },
    ...(spec.rootReadOnly ? [{ op: 'mount.readonly', path: '/', whole: true } as const] : []),
  ];
}

function processOps(spec: LaunchSpec, machine: Machine): Op[] {
  const { process } = spec;
  const who = { ...process, seccomp: spec.seccomp, appArmorProfile: spec.appArmorProfile };
  return [
    { op: 'umask', mask: process.umask },
    ...identityOps(who, machine, [{ op: 'ready' }]),
    { op: 'exec', args: process.args, env: process.env, init: spec.init },
  ];
}

function monitorSettings(spec: LaunchSpec, { cgroups }: Machine): MonitorSettings {
  const { namespaces, process, log } = spec;
  const memory = cgroupDirectory(cgroups, spec.cgroupPath, 'memory');
  const joined = CHOICES.filter(([key]) => namespaces[key].kind !== 'host').map(([, name]) => name);
  return {
    socket: spec.monitorSocket,
    exitFile: spec.exitFile,
    ...(log.path !== undefined && { logPath: log.path }),
    ...(log.maxBytes !== undefined && { logMaxBytes: log.maxBytes }),
    logMaxFiles: log.maxFiles,
    tty: process.tty,
    openStdin: process.openStdin,
    stdinOnce: process.stdinOnce,
    containerId: spec.containerId,
    joinNamespaces: joined,
    stallMs: process.tty ? 0 : STALL_MS,
    cgroupFiles: cgroupJoinFiles(cgroups, spec.cgroupPath),
    cgroupDirectories: cgroupDirectories(cgroups, spec.cgroupPath),
    ...(cgroups.version === 2 && { cgroupOfBirth: `${cgroups.mountpoint}/${spec.cgroupPath}` }),
    ...(memory !== undefined && {
      oomFile: `${memory}/${cgroups.version === 1 ? 'memory.oom_control' : 'memory.events'}`,
    }),
    killAll: namespaces.pid.kind !== 'new',
  };
}
