import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { buffer } from 'node:stream/consumers';
import { pack } from 'tar-stream';
import type { TestEngine } from './engine.js';

export const busyboxImage = 'contract-busybox:1';

/** A root of one static busybox (Debian: busybox-static), as a tar. */
export async function busyboxRoot(): Promise<Buffer> {
  const applets = execFileSync('/bin/busybox', ['--list'], { encoding: 'utf8' }).trim().split('\n');
  const tar = pack();
  for (const name of ['bin/', 'dev/', 'etc/', 'proc/', 'sys/', 'tmp/', 'root/'])
    tar.entry({ name, type: 'directory', mode: name === 'tmp/' ? 0o1777 : 0o755 });
  tar.entry({ name: 'etc/passwd', mode: 0o644 }, 'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534::/:/bin/sh\n');
  tar.entry({ name: 'etc/group', mode: 0o644 }, 'root:x:0:\nnogroup:x:65534:\n');
  tar.entry({ name: 'bin/busybox', mode: 0o755 }, readFileSync('/bin/busybox'));
  for (const applet of applets)
    if (applet !== 'busybox') tar.entry({ name: `bin/${applet}`, type: 'link', linkname: 'bin/busybox', mode: 0o755 });
  tar.finalize();
  return buffer(tar);
}

/** Gives an engine an image to run containers of, under the name `busyboxImage`. */
export async function importBusybox(engine: Pick<TestEngine, 'request'>): Promise<void> {
  const known = await engine.request('GET', `/images/${busyboxImage}/json`);
  if (known.status === 200) return;
  const [repo, tag] = busyboxImage.split(':');
  const query = new URLSearchParams({ fromSrc: '-', repo: repo!, tag: tag!, changes: 'ENV PATH=/bin' });
  const { status, text } = await engine.request('POST', `/images/create?${query}`, await busyboxRoot());
  if (status !== 200) throw new Error(text);
}

/** Makes a container that is removed when `work` is over; `body` over defaults. */
export async function withContainer(
  engine: TestEngine,
  body: object,
  work: (id: string) => Promise<void>,
): Promise<void> {
  const { status, json } = await engine.request('POST', '/containers/create', { Image: busyboxImage, ...body });
  if (status !== 201) throw new Error(JSON.stringify(json));
  try {
    await work(json.Id);
  } finally {
    await engine.request('DELETE', `/containers/${json.Id}?force=1&v=1`);
  }
}
