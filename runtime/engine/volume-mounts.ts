/** Volumes with `type`, `o` and `device`: mounted on the host while a running container uses them. */
import { readFile } from 'node:fs/promises';
import { EngineError } from '../errors.js';
import type { Container } from './container.js';
import type { Engine } from './engine.js';
import type { VolumeRecord } from './types.js';
import { getVolume, volumeData } from './volumes.js';

function needsMount(volume: VolumeRecord | undefined): volume is VolumeRecord {
  return Boolean(volume?.options?.device);
}

function volumesOf(engine: Engine, container: Container): VolumeRecord[] {
  return container.record.mounts
    .filter((mount) => mount.Type === 'volume' && mount.Name !== undefined)
    .map((mount) => engine.volumeRecords.get(mount.Name!))
    .filter(needsMount);
}

async function isMounted(path: string): Promise<boolean> {
  const table = await readFile('/proc/self/mountinfo', 'utf8');
  return table.split('\n').some((line) => line.split(' ')[4] === path);
}

/** Mounts it on its folder unless that has been done. Throws `system` with what the mount program says. */
export async function mountVolume(engine: Engine, name: string): Promise<void> {
  const volume = getVolume(engine, name);
  if (!needsMount(volume)) return;
  const target = volumeData(engine, name);
  if (await isMounted(target)) return;
  const { type = 'none', o = '', device = '' } = volume.options ?? {};
  const options = o === '' ? [] : ['-o', o];
  const args = ['mount', ...(type === 'none' || type === 'bind' ? [] : ['-t', type]), ...options, device, target];
  const result = await engine.foundations.launcher.spawn(args);
  if (result.code !== 0)
    throw new EngineError(
      'system',
      `error while mounting volume '${target}': failed to mount local volume: mount ${device}:${target}${saidOptions(o)}: ${await whyNot(type, result.stderr)}`,
    );
}

/** Docker tells flags of mount(2) apart from the data that the file system reads. */
function saidOptions(o: string): string {
  const words = o.split(',').filter((word) => word !== '');
  const data = words.filter((word) => word !== 'bind' && word !== 'rbind').join(',');
  const flags = words.includes('rbind') ? ', flags: 0x5000' : words.includes('bind') ? ', flags: 0x1000' : '';
  return flags + (data === '' ? '' : `, data: ${data}`);
}

/** The errno behind the sentences of mount(8), as Docker, which calls mount(2) itself, says it. */
const errnoSentences: readonly (readonly [said: RegExp, sentence: string])[] = [
  [/special device .* does not exist|mount point does not exist/, 'no such file or directory'],
  [/unknown filesystem type/, 'no such device'],
  [/wrong fs type, bad option/, 'invalid argument'],
  [/permission denied|must be superuser/i, 'operation not permitted'],
];

/** mount(8) looks for the device before the kernel looks for the file system, which is what Docker hears of first. */
async function whyNot(type: string, stderr: string): Promise<string> {
  const systems = await readFile('/proc/filesystems', 'utf8').catch(() => '');
  const isKnown = type === 'none' || type === 'bind' || systems.split(/\s+/).includes(type);
  if (!isKnown && /does not exist/.test(stderr)) return 'no such device';
  const known = errnoSentences.find(([said]) => said.test(stderr));
  return known?.[1] ?? stderr.split('\n')[0]!.replace(/^mount: [^:]*: /, '');
}

/** Mounts what a container needs, before it starts. */
export async function mountVolumes(engine: Engine, container: Container): Promise<void> {
  for (const volume of volumesOf(engine, container)) await mountVolume(engine, volume.name);
}

/** Unmounts what no running container uses any more. */
export async function unmountVolumes(engine: Engine, container: Container): Promise<void> {
  for (const volume of volumesOf(engine, container)) {
    const isUsed = engine.containers
      .all()
      .some(
        (other) =>
          other !== container && other.isRunning && other.record.mounts.some((mount) => mount.Name === volume.name),
      );
    if (!isUsed) await unmountVolume(engine, volume.name);
  }
}

export async function unmountVolume(engine: Engine, name: string): Promise<void> {
  const target = volumeData(engine, name);
  if (await isMounted(target)) await engine.foundations.launcher.spawn(['umount', '-l', target]);
}
