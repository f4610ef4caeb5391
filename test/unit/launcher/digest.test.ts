import { createHash, randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { LaunchError } from '../../../runtime/launch/types.js';
import { startLauncher } from '../../support/launcher.js';

const digests = suite('digests of files');
let started: Awaited<ReturnType<typeof startLauncher>>;

digests.before(async () => {
  started = await startLauncher();
});
digests.after(() => started.close());

for (const bytes of [0, 1, 55, 56, 64, 4096, 262_144, 1_500_001]) {
  digests(`a file of ${bytes} bytes`, async () => {
    const content = randomBytes(bytes);
    const file = path.join(started.folder, `of-${bytes}`);
    writeFileSync(file, content);
    assert.is(await started.launcher.digest(file), `sha256:${createHash('sha256').update(content).digest('hex')}`);
  });
}

digests('a file that is not there is said by its errno', async () => {
  const file = path.join(started.folder, 'missing');
  const error = await started.launcher.digest(file).catch((thrown: unknown) => thrown);
  assert.instance(error, LaunchError);
  assert.match(String(error), /ENOENT/);
  assert.match(String(error), file);
});

digests.run();
