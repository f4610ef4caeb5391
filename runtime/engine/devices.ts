/** Devices of the machine that a container is given. */
import { lstat, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { EngineError } from '../errors.js';
import { defaultDevices } from '../launch/defaults.js';
import type { DeviceLimit, DeviceSpec, DeviceWeight } from '../launch/spec.js';
import type { DeviceRequest, HostConfig } from './host-config.js';
import { errnoSentence } from './launch-failure.js';

export interface GivenDevices {
  readonly devices: readonly DeviceSpec[];
  /** Lines of v1's devices.allow. */
  readonly rules: readonly string[];
}

/** And the limits of the machine's block devices. */
export interface Given extends GivenDevices {
  readonly blkioLimits: readonly DeviceLimit[];
  readonly blkioWeights: readonly DeviceWeight[];
}

/** Of /dev, what every container has of its own. */
const OWN_NAMES = ['pts', 'ptmx', 'console', 'shm', 'fd', 'mqueue', '.lxc', '.lxd-mounts', '.udev'];

/** Throws `system` with Docker's sentence for a device that is not there, or is asked of a driver that is not. */
export async function givenDevices(host: HostConfig): Promise<Given> {
  for (const request of host.DeviceRequests ?? []) refuseDeviceRequest(request);
  const blkio = {
    blkioLimits: await deviceLimits(host),
    blkioWeights: await Promise.all(
      (host.BlkioWeightDevice ?? []).map(async ({ Path, Weight }) => ({
        device: await deviceNumbers(Path),
        weight: Weight,
      })),
    ),
  };
  if (host.Privileged)
    return { devices: merged([...defaultDevices, ...(await devicesBelow('/dev'))]), rules: [], ...blkio };
  const given = await Promise.all(
    (host.Devices ?? []).map(({ PathOnHost, PathInContainer, CgroupPermissions }) =>
      mappedDevices(PathOnHost, PathInContainer || PathOnHost, CgroupPermissions || 'rwm'),
    ),
  );
  return {
    devices: merged([...defaultDevices, ...given.flatMap((one) => one.devices)]),
    rules: given.flatMap((one) => one.rules),
    ...blkio,
  };
}

function refuseDeviceRequest({ Driver, DeviceIDs, Capabilities }: DeviceRequest): never {
  if (Driver === 'cdi')
    throw new EngineError(
      'system',
      `CDI device injection failed: unresolvable CDI devices ${(DeviceIDs ?? []).join(', ')}`,
    );
  const capabilities = (Capabilities ?? []).map((list) => `[${list.join(' ')}]`).join(' ');
  throw new EngineError(
    'system',
    `could not select device driver ${JSON.stringify(Driver)} with capabilities: [${capabilities}]`,
  );
}

async function deviceLimits(host: HostConfig): Promise<DeviceLimit[]> {
  const wanted = [
    ['read_bps', host.BlkioDeviceReadBps],
    ['write_bps', host.BlkioDeviceWriteBps],
    ['read_iops', host.BlkioDeviceReadIOps],
    ['write_iops', host.BlkioDeviceWriteIOps],
  ] as const;
  const limits = wanted.flatMap(([kind, list]) => (list ?? []).map(({ Path, Rate }) => ({ kind, Path, rate: Rate })));
  return Promise.all(limits.map(async ({ kind, Path, rate }) => ({ kind, rate, device: await deviceNumbers(Path) })));
}

/** `254:0`. Throws `system` in Go's words. */
async function deviceNumbers(path: string): Promise<string> {
  const found = await stat(path).catch((cause: NodeJS.ErrnoException) => {
    throw new EngineError('system', `stat ${path}: ${errnoSentence(cause.code ?? '')}`, { cause });
  });
  const { major, minor } = numbersOf(found);
  return `${major}:${minor}`;
}

function merged(devices: readonly DeviceSpec[]): DeviceSpec[] {
  return [...new Map(devices.map((device) => [device.path, device])).values()];
}

async function mappedDevices(source: string, target: string, permissions: string): Promise<GivenDevices> {
  const found = await stat(source).catch((error: NodeJS.ErrnoException) => {
    throw new EngineError(
      'system',
      `error gathering device information while adding custom device ${JSON.stringify(source)}: ${error.code === 'ENOENT' ? 'no such file or directory' : error.message}`,
      { cause: error },
    );
  });
  const one = deviceOf(target, source, found);
  const devices = one === undefined ? (found.isDirectory() ? await devicesBelow(source, target) : []) : [one];
  if (devices.length === 0)
    throw new EngineError(
      'system',
      `error gathering device information while adding custom device ${JSON.stringify(source)}: not a device node`,
    );
  return { devices, rules: devices.map((device) => `${device.kind} ${device.major}:${device.minor} ${permissions}`) };
}

async function devicesBelow(folder: string, target = folder): Promise<DeviceSpec[]> {
  const names = await readdir(folder).catch(() => []);
  const nested = await Promise.all(
    names
      .filter((name) => !OWN_NAMES.includes(name))
      .map(async (name) => {
        // Links are none: /dev/stdin is whatever the engine was started with.
        const found = await lstat(join(folder, name)).catch(() => undefined);
        if (found === undefined) return [];
        if (found.isDirectory()) return devicesBelow(join(folder, name), join(target, name));
        return deviceOf(join(target, name), join(folder, name), found) ?? [];
      }),
  );
  return nested.flat();
}

type Stat = Awaited<ReturnType<typeof stat>>;

function deviceOf(path: string, source: string, found: Stat): DeviceSpec | undefined {
  if (!found.isCharacterDevice() && !found.isBlockDevice()) return undefined;
  return {
    path,
    source,
    kind: found.isBlockDevice() ? 'b' : 'c',
    ...numbersOf(found),
    mode: Number(found.mode) & 0o777,
    uid: Number(found.uid),
    gid: Number(found.gid),
  };
}

function numbersOf(found: Stat): { major: number; minor: number } {
  const rdev = BigInt(found.rdev);
  return {
    major: Number(((rdev >> 8n) & 0xfffn) | ((rdev >> 32n) & ~0xfffn)),
    minor: Number((rdev & 0xffn) | ((rdev >> 12n) & ~0xffn & 0xffffffffn)),
  };
}
