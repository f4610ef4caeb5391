/** A hostile program for tests: built from test/fixtures/escapes, lent to containers as a folder, and images that lie. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { buffer } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { pack } from 'tar-stream';
import { ask, queryOf } from './api.js';
import { importBusybox } from './busybox.js';
import { Containers } from './containers.js';
import { startEngine, type TestEngine } from './engine.js';

const source = fileURLToPath(new URL('../../../test/fixtures/escapes/attacker.c', import.meta.url));

export interface Range {
  readonly engine: TestEngine;
  readonly containers: Containers;
  /** On the machine; holds `attacker` and whatever a test puts there. */
  readonly folder: string;
  /** HostConfig.Binds: the program as /attack/attacker. */
  readonly armed: readonly string[];
  /** Runs a script to its end; what it said to both streams, whole (a terminal has no frames). */
  said(script: string, body?: object): Promise<{ readonly code: number; readonly out: string }>;
  stop(): Promise<void>;
}

/** An engine, an image, and the program. */
export async function openRange(): Promise<Range> {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'dv-attack-'));
  execFileSync('gcc', ['-O1', '-static', '-w', '-o', path.join(folder, 'attacker'), source]);
  const engine = await startEngine();
  await importBusybox(engine);
  const containers = new Containers(engine);
  return {
    engine,
    containers,
    folder,
    armed: [`${folder}:/attack:ro`],
    async said(script, body = {}) {
      const id = await containers.running({ Cmd: ['sh', '-c', script], Tty: true, ...body });
      const { json } = await ask(engine, 'POST', `/containers/${id}/wait`);
      const { text } = await ask(engine, 'GET', `/containers/${id}/logs?stdout=1&stderr=1`);
      return { code: json.StatusCode, out: text.replaceAll('\r\n', '\n') };
    },
    async stop() {
      await containers.clear();
      await engine.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** An image of busybox with symlinks where folders are expected. */
export async function importLying(engine: TestEngine, name: string, links: Readonly<Record<string, string>>) {
  const tar = pack();
  for (const folder of ['bin', 'tmp', 'etc', 'dev', 'proc', 'sys', 'vol'].filter((one) => links[one] === undefined))
    tar.entry({ name: `${folder}/`, type: 'directory', mode: 0o755 });
  tar.entry({ name: 'bin/busybox', mode: 0o755 }, readFileSync('/bin/busybox'));
  for (const applet of ['sh', 'cat', 'ls', 'stat', 'readlink', 'wc', 'true', 'sleep', 'mount', 'grep', 'test'])
    tar.entry({ name: `bin/${applet}`, type: 'symlink', linkname: 'busybox' });
  for (const [from, to] of Object.entries(links)) tar.entry({ name: from, type: 'symlink', linkname: to });
  tar.finalize();
  const query = queryOf({ fromSrc: '-', repo: name, changes: 'ENV PATH=/bin' });
  await ask(engine, 'POST', `/images/create?${query}`, await buffer(tar));
}
