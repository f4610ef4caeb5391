import { readFile } from 'node:fs/promises';
import { buffer } from 'node:stream/consumers';
import { pack } from 'tar-stream';
import type { EngineUnderTest } from './engine-under-test.js';

export const benchImage = 'devenv-bench:latest';
const applets = ['true', 'sh', 'sleep', 'cat', 'echo', 'seq', 'dd'];

/** A root of one static busybox, as a tar. Debian: busybox-static. */
export async function busyboxRoot(): Promise<Buffer> {
  const tar = pack();
  const busybox = await readFile('/bin/busybox');
  for (const name of ['bin', 'dev', 'etc', 'proc', 'sys', 'tmp'])
    tar.entry({ name: `${name}/`, type: 'directory', mode: 0o755 });
  tar.entry({ name: 'bin/busybox', mode: 0o755 }, busybox);
  for (const applet of applets)
    tar.entry({ name: `bin/${applet}`, type: 'link', linkname: 'bin/busybox', mode: 0o755 });
  tar.finalize();
  return buffer(tar);
}

/** Gives both engines the same image. */
export async function importBenchImage(engine: EngineUnderTest, root: Buffer): Promise<void> {
  const [repository, tag] = benchImage.split(':');
  await engine.call('POST', `/images/create?fromSrc=-&repo=${repository}&tag=${tag}`, root);
}
