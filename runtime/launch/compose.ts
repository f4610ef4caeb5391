import {
  type CgroupLayout,
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
import { bindOp, bringsDev, cgroupMountOps, holdOps, mountOps, propagationType, rootOps } from './compose-mounts.js';
import { verifyOps } from './compose-verify.js';
import { deviceFilter } from './device-filter.js';
import { interfaceOps, linkUp, portOps } from './interface-ops.js';
import type { Machine, RootlessMachine } from './machine.js';
import type { LaunchProgram, MonitorSettings, NamespaceName, Op } from './program.js';
import type { DeviceSpec, LaunchSpec, NamespaceChoices } from './spec.js';

/** How long an attached client may take nothing before it is let go; with a terminal it may hold the program for ever, as one does. */
const STALL_MS = 300_000;

/**
 * A container as a launch program. Pure: all choices are in the spec, all facts in `machine`; this is where the meaning
 * of a container is tested. The monitor makes groups and wires while the process sets up its mounts; they meet at `wait.groups` and `wait.host`.
 */
export function composeLaunch(spec: LaunchSpec, machine: Machine): LaunchProgram {
  const { cgroups } = machine;
  const wires = spec.interfaces.map((link) => interfaceOps(link));
  const groups = cgroupOps(spec, machine);
  const { rootless } = machine;
  const ports = portOps(spec.kept === 'again' ? [] : spec.ports, clientSide(spec, rootless));
  const bridgeSide: Op[] = rootless === undefined ? [] : [{ op: 'netns.enter', path: rootless.netns }];
  return {
    before: [...ports.before, ...(cgroups.version === 2 ? groups : []), ...joinOps(spec.namespaces, ['newpid'])],
    clone: newNamespaces(spec.namespaces).filter(
      (name) => name !== 'newcgroup' && !(name === 'newnet' && spec.kept === 'again'),
    ),
    host: [
      ...(cgroups.version === 1 ? [...groups, { op: 'groups.ready' } as const] : []),
      ...(wires.length > 0 ? bridgeSide : []),
      ...wires.flatMap((wire) => wire.host),
      ...ports.host,
    ],
    inside: [
      ...placeOps(spec),
      ...rootOps(spec),
      ...mountOps(spec, rootless),
      ...verifyOps(spec),
      ...deviceOps(spec, rootless !== undefined),
      ...(cgroups.version === 1 ? [{ op: 'wait.groups' } as const] : []),
      ...joinGroupOps(spec, cgroups),
      ...cgroupMountOps(spec, cgroups),
      ...maskOps(spec.maskedPaths.filter((path) => !holdsSysctls(path))),
      ...(spec.namespaces.net.kind === 'new' && spec.kept !== 'again' ? [linkUp('lo')] : []),
      { op: 'wait.host' },
      ...wires.flatMap((wire) => wire.inside),
      ...sysctlOps(spec),
      ...closeOps(spec),
      ...processOps(spec, machine),
    ],
    monitor: monitorSettings(spec, machine),
  };
}

/** The kernel keeps who asks where it translates; a proxy does where the bridges are its own and the container can answer. */
function clientSide({ interfaces }: LaunchSpec, rootless: RootlessMachine | undefined): string {
  const answers = interfaces.some(({ gateway, gateway6 }) => gateway !== undefined || gateway6 !== undefined);
  return rootless !== undefined && answers ? rootless.netns : '';
}

/** On v2 a process is born in its group, which has to be there before; on v1 it joins while it is set up. */
function cgroupOps(spec: LaunchSpec, { cgroups, rootless }: Machine): Op[] {
  const writes = [
    ...resourceWrites(cgroups, spec.cgroupPath, spec.resources),
    ...deviceWrites(cgroups, spec.cgroupPath, spec.resources.deviceRules),
  ].map(writeOp);
  const made = makeCgroupOps(cgroups, spec.cgroupPath);
  if (cgroups.version === 1) return [...made, ...writes];
  // Only the machine's root loads one; others make no devices, and open those alone that they may outside.
  const filter = rootless === undefined ? deviceFilter(spec.resources.deviceRules) : undefined;
  const path = `${cgroups.mountpoint}/${spec.cgroupPath}`;
  return [
    ...made,
    ...writes,
    ...(filter === undefined ? [] : [{ op: 'cgroup.devices', path, instructions: filter } as const]),
  ];
}

function joinGroupOps(spec: LaunchSpec, cgroups: CgroupLayout): Op[] {
  const files = cgroupJoinFiles(cgroups, spec.cgroupPath);
  return [
    ...(files.length > 0 ? [{ op: 'cgroup.join', files } as const] : []),
    ...(spec.namespaces.cgroup.kind === 'new' ? [{ op: 'namespace.leave', types: ['newcgroup'] } as const] : []),
    ...joinOps(spec.namespaces, ['newcgroup']),
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

/** Where the process belongs, while it can still see the machine. */
function placeOps(spec: LaunchSpec): Op[] {
  const score = spec.process.oomScoreAdj;
  return [
    ...joinOps(spec.namespaces, ['newuser', 'newnet', 'newipc', 'newuts']),
    ...(spec.kept === 'again' ? ([{ op: 'network.kept' }, { op: 'sockets.end' }] as const) : []),
    ...(score === undefined || score === 0 ? [] : [{ op: 'oom.score', score: String(score) } as const]),
    ...(spec.namespaces.uts.kind === 'new'
      ? [{ op: 'hostname', host: spec.hostname, domain: spec.domainname } as const]
      : []),
    { op: 'keyring', name: `_ses.${spec.containerId}`, optional: true },
    ...holdOps(spec),
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

/** Only the machine's root may make devices; others get those that there are. */
function deviceOps(spec: LaunchSpec, bound: boolean): Op[] {
  const own = !bringsDev(spec);
  const place = (device: DeviceSpec): Op =>
    bound
      ? {
          ...bindOp(device.source ?? device.path, device.path),
          optional: device.source === undefined || spec.privileged,
        }
      : { op: 'device.make', ...device };
  return [
    ...(own ? spec.devices.map(place) : []),
    ...(own ? LINKS.map(([path, target]): Op => ({ op: 'symlink', target, path })) : []),
    ...(spec.process.tty ? [terminalOp(spec.process.ttySize, own)] : []),
  ];
}

/** Before /proc/sys is sealed. */
function sysctlOps(spec: LaunchSpec): Op[] {
  return Object.entries(spec.sysctls).map(
    ([name, value]): Op => ({
      op: 'file.write',
      path: `/proc/sys/${sysctlPath(name)}`,
      bytes: Buffer.from(value),
      create: false,
    }),
  );
}

/** `net.ipv4.conf.eth0/1.forwarding`: dots and slashes change places (sysctl(8)). */
function sysctlPath(name: string): string {
  return name.replace(/[./]/g, (separator) => (separator === '.' ? '/' : '.'));
}

const maskOps = (paths: readonly string[]) => paths.map((path): Op => ({ op: 'mount.mask', path }));

/** What would hide them is masked once they are written. */
const holdsSysctls = (path: string) => /^\/+proc(\/+sys(\/|$)|\/*$)/.test(path);

/** Nothing of the machine can be seen from here on. */
function closeOps(spec: LaunchSpec): Op[] {
  return [
    ...spec.readOnlyPaths.map((path): Op => ({ op: 'mount.readonly', path, whole: false })),
    ...maskOps(spec.maskedPaths.filter(holdsSysctls)),
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
    // Not before: few open files, or small ones, are meant for the program and not for what sets it up.
    ...rlimitOps(process.rlimits),
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
    logCompresses: log.compresses,
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
