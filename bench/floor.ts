import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Figure, figure, rounds, run } from './measure.js';

const source = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../bench/floor.c');

/** Compiles and runs `floor.c`: what the kernel alone takes for the same container. */
export async function measureFloor(): Promise<Figure> {
  const top = await mkdtemp('/var/tmp/devenv-floor-');
  const bridge = `flbr${process.pid % 100000}`;
  const lower = path.join(top, 'lower');
  await mkdir(path.join(lower, 'bin'), { recursive: true });
  await run('cp', ['/bin/busybox', path.join(lower, 'bin/true')]);
  await run('gcc', ['-O2', '-o', path.join(top, 'floor'), source]);
  await run('ip', ['link', 'add', bridge, 'type', 'bridge']);
  try {
    await run('ip', ['link', 'set', bridge, 'up']);
    const output = await run(path.join(top, 'floor'), [lower, top, bridge, String(rounds + 1)]);
    const values = output
      .trim()
      .split('\n')
      .slice(1)
      .map((line) => Number(line) / 1000);
    return figure('floor: namespaces, overlay, veth, exec and reap in C', 'ms', values);
  } finally {
    await run('ip', ['link', 'delete', bridge]);
    await rm(top, { recursive: true, force: true });
  }
}
