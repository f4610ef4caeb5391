/**
 * A container whose root is nobody outside (user_namespaces(7)): its ids are those of a range that no user has. It is made
 * of a usual launch program. Mounts show the disk's owners shifted into the range, file systems of memory belong to it, and
 * the process enters the namespace last, so that it owns none of its other namespaces. Pure.
 */
import type { LaunchProgram, Op } from './program.js';

export interface UserRange {
  /** What root is outside. */
  readonly first: number;
  readonly count: number;
}

const COUNT = 65_536;
/** Whose range of subuid(5) is taken where there is one. */
const ACCOUNT = 'devenv';
const FIRST = 100_000;

/** The account's range in both files, or one behind all ranges of users: two of the same ids could signal each other. */
export function subordinateRange(subuid: string, subgid: string): UserRange | undefined {
  const rows = [subuid, subgid].map((text) => text.split('\n').map((line) => line.trim().split(':')));
  const own = rows.map((lines) => lines.find(([who, , count]) => who === ACCOUNT && Number(count) >= COUNT)?.[1]);
  if (own[0] !== undefined && own[0] === own[1]) return { first: Number(own[0]), count: COUNT };
  const ends = rows.flat().map(([, first, count]) => Number(first) + Number(count) || 0);
  const first = Math.ceil(Math.max(FIRST, ...ends) / COUNT) * COUNT;
  return first + COUNT < 2 ** 31 ? { first, count: COUNT } : undefined;
}

export function withUserRange(program: LaunchProgram, range: UserRange): LaunchProgram {
  const { monitor, inside } = program;
  // The streams are the machine's: nobody in there may give them away.
  const streams = inside.flatMap((op) => (op.op === 'stdio.own' ? [{ ...op, uid: range.first + op.uid }] : []));
  const entering: Op[] = [...streams, { op: 'user.join' }];
  return {
    ...program,
    inside: [makeOp(range), ...inside.flatMap((op) => (op.op === 'umask' ? [op, ...entering] : shifted(op, range)))],
    ...(monitor && { monitor: { ...monitor, joinNamespaces: [...monitor.joinNamespaces, 'newuser'] } }),
  };
}

/** Whether the file system of `folder` can show its owners shifted: fails where not. */
export function mappedProbe(folder: string, range: UserRange): LaunchProgram {
  return { before: [], clone: ['newns'], host: [], inside: [makeOp(range), mappedBind(folder, folder, false)] };
}

function makeOp({ first, count }: UserRange): Op {
  const map = `0 ${first} ${count}`;
  return { op: 'user.make', uids: map, gids: map };
}

function shifted(op: Op, range: UserRange): readonly Op[] {
  switch (op.op) {
    case 'mount.overlay':
      return overlayOps(op);
    case 'mount.bind':
      return [op.source === '' ? op : { ...op, mapped: true, lenient: true }];
    case 'mount.fs':
      return [{ ...op, options: ownedOptions(op.type, op.options, range) }];
    case 'device.make':
      return [{ ...op, uid: range.first + op.uid, gid: range.first + op.gid }];
    case 'stdio.own':
      return [];
    default:
      return [op];
  }
}

/** Layers are mapped where the overlay will lie over them; what is written comes to the disk as the range's, which a read-only root never does. */
function overlayOps(op: Extract<Op, { op: 'mount.overlay' }>): Op[] {
  const place = (index: number) => `${op.target}/${index}`;
  return [
    { op: 'mount.fs', type: 'tmpfs', source: 'tmpfs', target: op.target, options: ['mode=700'], attributes: [] },
    ...op.lower.map((folder, index) => mappedBind(folder, place(index), true)),
    { ...op, lower: op.lower.map((_, index) => place(index)) },
  ];
}

function mappedBind(source: string, target: string, readOnly: boolean): Op {
  return {
    op: 'mount.bind',
    source,
    target,
    attributes: readOnly ? ['ro'] : [],
    recursive: false,
    attributesRecursive: false,
    propagation: 'private',
    mapped: true,
  };
}

/** tmpfs(5), devpts: owners that are named are the container's, and otherwise it is its root. */
function ownedOptions(type: string, options: readonly string[], { first }: UserRange): readonly string[] {
  if (type !== 'tmpfs' && type !== 'devpts') return options;
  const moved = options.map((option) =>
    option.replace(/^([ug]id)=(\d+)$/, (_, key, id) => `${key}=${first + Number(id)}`),
  );
  if (type === 'devpts') return moved;
  const missing = ['uid', 'gid'].filter((key) => !options.some((option) => option.startsWith(`${key}=`)));
  return [...moved, ...missing.map((key) => `${key}=${first}`)];
}
