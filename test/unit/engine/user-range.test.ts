import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Engine } from '../../../runtime/engine/engine.js';
import type { ContainerRecord } from '../../../runtime/engine/types.js';
import { ownerWarnings } from '../../../runtime/engine/user-range.js';

const owners = suite('whose files are whose');

const rootless = { foundations: { launcher: { machine: { rootless: {} } } } } as unknown as Engine;
const bind = { Type: 'bind', RW: true, Source: '/home/me/repo' };
const record = (User: string, ...mounts: object[]) =>
  ({ config: { User }, mounts, hostConfig: {} }) as unknown as ContainerRecord;

owners('another user than root is told that the folder is not its own', async () => {
  for (const user of ['1000', 'node', '1000:1000']) {
    const [said = ''] = await ownerWarnings(rootless, record(user, bind));
    assert.match(said, `its user ${user.split(':')[0]} cannot write what is yours in /home/me/repo`);
  }
});

owners('nothing is said of root, of what is only read, and of volumes', async () => {
  for (const user of ['', 'root', '0', '0:0']) assert.equal(await ownerWarnings(rootless, record(user, bind)), []);
  const others = [
    { ...bind, RW: false },
    { ...bind, Type: 'volume' },
  ];
  assert.equal(await ownerWarnings(rootless, record('1000', ...others)), []);
});

owners.run();
