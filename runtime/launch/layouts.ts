import { NETWORK_LAYOUTS } from './interface-ops.js';
import type { NamespaceName, Op } from './program.js';

/**
 * How each operation goes over the wire: its code (as in `ops.h`) and its fields in the order that the C function reads
 * them. The types make an operation without a layout, or a field that does not exist, a compile error; a unit test
 * compares codes and names with `ops.h`.
 */
export type FieldType =
  | 'string'
  | 'u32'
  | 'u64'
  | 'bool'
  | 'bytes'
  | 'list'
  | 'u32s'
  | 'letter'
  | 'attributes'
  | 'propagation'
  | 'namespace'
  | 'namespaces';

type FieldsOf<Name> = readonly (readonly [
  name: Exclude<keyof Extract<Op, { op: Name }>, 'op' | 'optional'> & string,
  type: FieldType,
])[];

interface Layout<Name> {
  readonly code: number;
  readonly fields: FieldsOf<Name>;
}

const MOUNT_FIELDS = [
  ['attributes', 'attributes'],
  ['recursive', 'bool'],
  ['attributesRecursive', 'bool'],
  ['propagation', 'propagation'],
] as const;

export const LAYOUTS: { readonly [Name in Op['op']]: Layout<Name> } = {
  'dir.make': {
    code: 1,
    fields: [
      ['path', 'string'],
      ['mode', 'u32'],
    ],
  },
  'file.write': {
    code: 2,
    fields: [
      ['path', 'string'],
      ['bytes', 'bytes'],
      ['create', 'bool'],
    ],
  },
  symlink: {
    code: 3,
    fields: [
      ['target', 'string'],
      ['path', 'string'],
    ],
  },
  'device.make': {
    code: 4,
    fields: [
      ['path', 'string'],
      ['kind', 'letter'],
      ['major', 'u32'],
      ['minor', 'u32'],
      ['mode', 'u32'],
      ['uid', 'u32'],
      ['gid', 'u32'],
    ],
  },
  remove: { code: 5, fields: [['path', 'string']] },
  'dir.spread': { code: 46, fields: [['path', 'string']] },
  'root.choose': { code: 6, fields: [['path', 'string']] },
  'root.pivot': { code: 7, fields: [['propagation', 'propagation']] },
  'mount.overlay': {
    code: 8,
    fields: [
      ['target', 'string'],
      ['lower', 'list'],
      ['upper', 'string'],
      ['work', 'string'],
      ['options', 'list'],
    ],
  },
  'mount.bind': {
    code: 9,
    fields: [['source', 'string'], ['target', 'string'], ...MOUNT_FIELDS, ['mapped', 'bool'], ['lenient', 'bool']],
  },
  'mount.fs': {
    code: 10,
    fields: [
      ['type', 'string'],
      ['source', 'string'],
      ['target', 'string'],
      ['options', 'list'],
      ['attributes', 'attributes'],
      ['propagation', 'propagation'],
    ],
  },
  'mount.propagation': {
    code: 11,
    fields: [
      ['path', 'string'],
      ['propagation', 'propagation'],
      ['recursive', 'bool'],
    ],
  },
  'mount.readonly': {
    code: 12,
    fields: [
      ['path', 'string'],
      ['whole', 'bool'],
    ],
  },
  'mount.mask': { code: 13, fields: [['path', 'string']] },
  'user.make': {
    code: 44,
    fields: [
      ['uids', 'string'],
      ['gids', 'string'],
    ],
  },
  'user.join': { code: 45, fields: [] },
  'mount.verify': {
    code: 50,
    fields: [
      ['path', 'string'],
      ['type', 'u32'],
    ],
  },
  'cgroup.make': {
    code: 14,
    fields: [
      ['base', 'string'],
      ['path', 'string'],
      ['inherited', 'list'],
    ],
  },
  'cgroup.join': { code: 15, fields: [['files', 'list']] },
  'cgroup.devices': {
    code: 16,
    fields: [
      ['path', 'string'],
      ['instructions', 'bytes'],
    ],
  },
  'namespace.join': {
    code: 17,
    fields: [
      ['path', 'string'],
      ['type', 'namespace'],
    ],
  },
  'namespace.leave': { code: 18, fields: [['types', 'namespaces']] },
  'container.join': { code: 19, fields: [] },
  hostname: {
    code: 21,
    fields: [
      ['host', 'string'],
      ['domain', 'string'],
    ],
  },
  rlimit: {
    code: 22,
    fields: [
      ['resource', 'u32'],
      ['soft', 'u64'],
      ['hard', 'u64'],
      ['clamp', 'bool'],
    ],
  },
  'capabilities.bounding': { code: 23, fields: [['keep', 'u64']] },
  'capabilities.set': {
    code: 24,
    fields: [
      ['permitted', 'u64'],
      ['effective', 'u64'],
      ['inheritable', 'u64'],
      ['ambient', 'u64'],
    ],
  },
  user: {
    code: 25,
    fields: [
      ['uid', 'u32'],
      ['gid', 'u32'],
      ['groups', 'u32s'],
      ['keep', 'bool'],
    ],
  },
  nonewprivs: { code: 26, fields: [] },
  seccomp: {
    code: 27,
    fields: [
      ['flags', 'u32'],
      ['program', 'bytes'],
    ],
  },
  chdir: { code: 28, fields: [['path', 'string']] },
  umask: { code: 29, fields: [['mask', 'u32']] },
  'oom.score': { code: 30, fields: [['score', 'string']] },
  apparmor: { code: 31, fields: [['profile', 'string']] },
  keyring: { code: 32, fields: [['name', 'string']] },
  terminal: {
    code: 33,
    fields: [
      ['rows', 'u32'],
      ['columns', 'u32'],
      ['console', 'bool'],
    ],
  },
  'wait.host': { code: 34, fields: [] },
  ready: { code: 35, fields: [] },
  exec: {
    code: 36,
    fields: [
      ['args', 'list'],
      ['env', 'list'],
      ['init', 'bool'],
    ],
  },
  'stdio.own': { code: 37, fields: [['uid', 'u32']] },
  'mount.hold': {
    code: 38,
    fields: [
      ['source', 'string'],
      ['recursive', 'bool'],
    ],
  },
  'groups.ready': { code: 39, fields: [] },
  'wait.groups': { code: 40, fields: [] },
  'root.keep': { code: 41, fields: [] },
  'mount.kept': { code: 42, fields: [['target', 'string']] },
  'network.kept': { code: 43, fields: [] },
  'sockets.end': { code: 113, fields: [] },
  'netns.enter': { code: 100, fields: NETWORK_LAYOUTS['netns.enter'] as FieldsOf<'netns.enter'> },
  'bridge.create': { code: 101, fields: NETWORK_LAYOUTS['bridge.create'] as FieldsOf<'bridge.create'> },
  'veth.create': { code: 102, fields: NETWORK_LAYOUTS['veth.create'] as FieldsOf<'veth.create'> },
  'link.set': { code: 103, fields: NETWORK_LAYOUTS['link.set'] as FieldsOf<'link.set'> },
  'link.delete': { code: 104, fields: NETWORK_LAYOUTS['link.delete'] as FieldsOf<'link.delete'> },
  'addr.add': { code: 105, fields: NETWORK_LAYOUTS['addr.add'] as FieldsOf<'addr.add'> },
  'route.add': { code: 106, fields: NETWORK_LAYOUTS['route.add'] as FieldsOf<'route.add'> },
  'net.sysctl': { code: 107, fields: NETWORK_LAYOUTS['net.sysctl'] as FieldsOf<'net.sysctl'> },
  'port.listen': { code: 108, fields: NETWORK_LAYOUTS['port.listen'] as FieldsOf<'port.listen'> },
  'port.serve': { code: 109, fields: NETWORK_LAYOUTS['port.serve'] as FieldsOf<'port.serve'> },
  'conntrack.forget': {
    code: 110,
    fields: NETWORK_LAYOUTS['conntrack.forget'] as FieldsOf<'conntrack.forget'>,
  },
  'route.replace': { code: 111, fields: NETWORK_LAYOUTS['route.replace'] as FieldsOf<'route.replace'> },
  'port.take': { code: 112, fields: NETWORK_LAYOUTS['port.take'] as FieldsOf<'port.take'> },
  'link.make': { code: 115, fields: NETWORK_LAYOUTS['link.make'] as FieldsOf<'link.make'> },
  'port.join': { code: 114, fields: NETWORK_LAYOUTS['port.join'] as FieldsOf<'port.join'> },
};

/** clone(2) */
export const NAMESPACE_FLAGS: Readonly<Record<NamespaceName, number>> = {
  newns: 0x00020000,
  newcgroup: 0x02000000,
  newuts: 0x04000000,
  newipc: 0x08000000,
  newuser: 0x10000000,
  newpid: 0x20000000,
  newnet: 0x40000000,
};

/** mount_setattr(2); `noatime` is a value of the field MOUNT_ATTR__ATIME. */
export const ATTRIBUTE_FLAGS = {
  ro: 0x1,
  nosuid: 0x2,
  nodev: 0x4,
  noexec: 0x8,
  noatime: 0x10,
  strictatime: 0x20,
  nodiratime: 0x80,
  nosymfollow: 0x200000,
};

/** MS_UNBINDABLE, MS_PRIVATE, MS_SLAVE, MS_SHARED of mount(2). */
export const PROPAGATION_FLAGS = { unbindable: 1 << 17, private: 1 << 18, slave: 1 << 19, shared: 1 << 20 };

/** Names by code, for failures that come back. */
export const OPERATION_NAMES: ReadonlyMap<number, string> = new Map(
  Object.entries(LAYOUTS).map(([name, layout]) => [layout.code, name]),
);
