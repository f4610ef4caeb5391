/** Bridges of engines that are gone for good are taken away by the next engine that starts on the machine, whichever it is. */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { isOtherEngine, startEngine } from '../support/engine.js';
import { eventually } from '../support/project.js';
import { needs } from '../support/without-root.js';

const dead = suite('dead engines');
/** No digest of a runtime folder, and so of no living engine. */
const hash = process.pid.toString(16).padStart(8, '0').slice(-8);
const unused = `dv${hash.slice(-4)}bunused`;
const used = `dv${hash.slice(-4)}bused`;

const ip = (...args: string[]) => execFileSync('ip', args, { stdio: 'ignore' });
const isThere = (link: string) => existsSync(`/sys/class/net/${link}`);

function makeBridge(name: string, mark: string): void {
  ip('link', 'add', name, 'type', 'bridge');
  ip('link', 'set', name, 'alias', `devenv-${mark}:${'0'.repeat(64)}`);
}

dead.after(() => {
  for (const link of [unused, used]) if (isThere(link)) ip('link', 'delete', link);
  if (isThere('dvfaultport')) ip('link', 'delete', 'dvfaultport');
});

if (!isOtherEngine)
  needs(dead, 'kernel')('a bridge without a container goes, one that a container still has stays', async () => {
    makeBridge(unused, hash);
    makeBridge(used, `f${hash.slice(1)}`);
    ip('link', 'add', 'dvfaultport', 'type', 'veth', 'peer', 'name', 'dvfaultpeer');
    ip('link', 'set', 'dvfaultport', 'master', used);
    const engine = await startEngine({ env: {} });
    try {
      await eventually('the end of the unused bridge', async () => !isThere(unused));
      assert.ok(isThere(used));
    } finally {
      await engine.stop();
    }
  });

dead.run();
