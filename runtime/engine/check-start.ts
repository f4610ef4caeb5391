/** What only shows when a container starts: wishes that the kernel or the machine's mounts refuse. Docker's sentences. */
import { readFile, realpath, statfs } from 'node:fs/promises';
import { isIP } from 'node:net';
import { join, posix } from 'node:path';
import { EngineError } from '../errors.js';
import { rlimitNames } from '../launch/compose-identity.js';
import type { HostConfig } from './host-config.js';
import { checkLogStart } from './log-config.js';
import { checkSysctls } from './sysctls.js';
import type { ContainerRecord, MountPoint } from './types.js';

const RUNC =
  'failed to create task for container: failed to create shim task: OCI runtime create failed: runc create failed';

const INIT = 'unable to start container process: error during container init';

/** Throws `system`, and `not-found` for a subpath of a volume that is not there. */
export async function checkStart({ config, hostConfig, mounts }: ContainerRecord): Promise<void> {
  checkSysctls(hostConfig);
  checkRlimits(hostConfig);
  checkLogStart(hostConfig.LogConfig);
  for (const address of hostConfig.Dns ?? [])
    if (isIP(address) === 0)
      throw new EngineError(
        'system',
        `bad nameserver address ${address}: ParseAddr(${JSON.stringify(address)}): unable to parse IP`,
      );
  for (const mount of mounts) checkReadOnly(mount);
  for (const mount of mounts) await checkProcMount(mount);
  for (const options of Object.values(hostConfig.Tmpfs ?? {})) checkTmpfs(options);
  if (config.Hostname.length > 64 && hostConfig.UTSMode !== 'host')
    throw new EngineError('system', `${RUNC}: ${INIT}: sethostname: invalid argument`);
  for (const rule of hostConfig.DeviceCgroupRules ?? [])
    if (!/^[acb] ([0-9]+|\*):([0-9]+|\*) [rwm]{1,3}$/.test(rule))
      throw new EngineError('system', `invalid device cgroup rule format: '${rule}'`);
  await checkPropagation(mounts);
  for (const mount of mounts) if (mount.Type === 'volume' && mount.subpath) await checkSubpath(mount);
}

const MIN_CPU_SHARES = 2;
const MAX_CPU_SHARES = 262_144;

/** v1 rounds them without a word; runc's sentence. Throws `system`. */
export function checkCpuShares({ CpuShares }: HostConfig, cgroupVersion: 1 | 2): void {
  const refuse = (limit: string) => {
    const cgroups = 'error setting cgroup config for procHooks process';
    throw new EngineError('system', `${RUNC}: ${INIT}: ${cgroups}: the ${limit}`);
  };
  if (cgroupVersion === 2 || CpuShares === 0) return;
  if (CpuShares < MIN_CPU_SHARES) refuse(`minimum allowed cpu-shares is ${MIN_CPU_SHARES}`);
  if (CpuShares > MAX_CPU_SHARES) refuse(`maximum allowed cpu-shares is ${MAX_CPU_SHARES}`);
}

function checkRlimits(host: HostConfig): void {
  for (const { Name, Soft, Hard } of host.Ulimits ?? []) {
    if (!rlimitNames.includes(Name.toLowerCase()))
      throw new EngineError('system', `${RUNC}: wrong rlimit value: RLIMIT_${Name.toUpperCase()}`);
    if (Hard >= 0 && (Soft < 0 || Soft > Hard))
      throw new EngineError(
        'system',
        `${RUNC}: ${INIT}: error setting rlimits for ready process: error setting rlimit type ${rlimitNames.indexOf(Name.toLowerCase())}: invalid argument`,
      );
  }
}

/** The ways of being read-only exclude each other. */
function checkReadOnly({ spec }: MountPoint): void {
  const { ReadOnlyNonRecursive, ReadOnlyForceRecursive } = spec?.BindOptions ?? {};
  const conflict =
    ReadOnlyNonRecursive && !spec?.ReadOnly
      ? '!ReadOnly && BindOptions.ReadOnlyNonRecursive'
      : ReadOnlyForceRecursive && !spec?.ReadOnly
        ? '!ReadOnly && BindOptions.ReadOnlyForceRecursive'
        : ReadOnlyForceRecursive && ReadOnlyNonRecursive
          ? 'ReadOnlyNonRecursive && BindOptions.ReadOnlyForceRecursive'
          : undefined;
  if (conflict !== undefined) throw new EngineError('system', `mount options conflict: ${conflict}`);
}

const PROC_FILE_SYSTEM = 0x9fa0;

/** What may be shown otherwise there, as lxcfs does (runc's checkProcMount). */
const SHOWN_OTHERWISE: ReadonlySet<string> = new Set(
  ['cpuinfo', 'diskstats', 'meminfo', 'stat', 'swaps', 'uptime', 'loadavg', 'slabinfo']
    .concat(['sys/kernel/ns_last_pid', 'sys/crypto/fips_enabled'])
    .map((name) => `/proc/${name}`),
);

/** What a container finds in /proc is the kernel's word: nobody's folder may stand for it. */
async function checkProcMount({ Type, Source, Destination }: MountPoint): Promise<void> {
  const target = posix.resolve('/', Destination);
  if (Type === 'tmpfs' || (target !== '/proc' && !target.startsWith('/proc/')) || SHOWN_OTHERWISE.has(target)) return;
  if (target === '/proc' && (await isProc(Source))) return;
  const why = target === '/proc' ? 'it is not of type proc' : 'it is inside /proc';
  const quoted = JSON.stringify(Destination);
  throw new EngineError(
    'system',
    `${RUNC}: ${INIT}: error mounting ${JSON.stringify(Source)} to rootfs at ${quoted}: ${quoted} cannot be mounted because ${why}`,
  );
}

const isProc = (folder: string) =>
  statfs(folder).then(
    ({ type }) => type === PROC_FILE_SYSTEM,
    () => false,
  );

/** What moby takes for an option of a tmpfs: flags of mount(2), and data of tmpfs(5) with a value. */
const TMPFS_FLAGS =
  /^(defaults|a?sync|r[ow]|(no)?(exec|suid|dev|atime|diratime|relatime)|relatime|strictatime|remount|bind|rbind|r?(private|shared|slave|unbindable)|dirsync|mand|nomand)$/;

function checkTmpfs(options: string): void {
  for (const option of options.split(',').filter(Boolean))
    if (!TMPFS_FLAGS.test(option) && !/^(size|mode|uid|gid|nr_inodes|nr_blocks|mpol)=/.test(option))
      throw new EngineError('system', `invalid tmpfs option ${JSON.stringify(option)}`);
}

interface MachineMount {
  readonly path: string;
  readonly isShared: boolean;
  readonly isSlave: boolean;
}

/** A bind can only hand on what its source's mount shares (mount_namespaces(7)). */
async function checkPropagation(mounts: readonly MountPoint[]): Promise<void> {
  const asking = mounts.filter((mount) => mount.Type === 'bind' && /^r?(shared|slave)$/.test(mount.Propagation));
  if (asking.length === 0) return;
  const table = parseMountinfo(await readFile('/proc/self/mountinfo', 'utf8'));
  for (const mount of asking) {
    const source = await realpath(mount.Source).catch(() => mount.Source);
    const over = table.filter(({ path }) => isBelow(source, path)).at(-1);
    if (over === undefined || over.isShared) continue;
    const where = `path ${mount.Source} is mounted on ${over.path} but it is not a shared`;
    if (mount.Propagation.endsWith('shared')) throw new EngineError('system', `${where} mount`);
    if (!over.isSlave) throw new EngineError('system', `${where} or slave mount`);
  }
}

const isBelow = (path: string, folder: string) => folder === '/' || path === folder || path.startsWith(`${folder}/`);

/** Longest paths last, later mounts over earlier ones. */
function parseMountinfo(text: string): MachineMount[] {
  return text
    .split('\n')
    .filter(Boolean)
    .map((line) => {
      const fields = line.split(' - ')[0]!.split(' ');
      const tags = fields.slice(6);
      return {
        path: (fields[4] ?? '').replaceAll('\\040', ' '),
        isShared: tags.some((tag) => tag.startsWith('shared:')),
        isSlave: tags.some((tag) => tag.startsWith('master:')),
      };
    })
    .sort((a, b) => a.path.length - b.path.length);
}

/** It must be there, and inside the volume after all links. */
async function checkSubpath(mount: MountPoint): Promise<void> {
  const wanted = join(mount.Source, mount.subpath!);
  const [root, found] = await Promise.all([realpath(mount.Source), realpath(wanted).catch(() => undefined)]);
  if (found === undefined)
    throw new EngineError('not-found', `cannot access path ${wanted}: lstat ${wanted}: no such file or directory`);
  if (!isBelow(found, root))
    throw new EngineError('system', `cannot access path ${wanted}: it leads out of the volume`);
}
