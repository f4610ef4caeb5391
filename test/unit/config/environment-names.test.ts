import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { environmentNames } from '../../../src/config/environment-names.js';

const naming = suite<{ folder: string }>('environment names');

naming.before.each(async (context) => {
  context.folder = await mkdtemp(path.join(os.tmpdir(), 'environments-'));
});
naming.after.each(({ folder }) => rm(folder, { recursive: true }));

naming('keys of environments:, whatever tags and anchors the file has, and files beside it', async ({ folder }) => {
  const main = path.join(folder, 'devenv.yml');
  await writeFile(
    main,
    `x-a: &a {image: a}
services: {a: *a}
environments:
  prod: {services: {a: {ports: !override ["80"], volumes: !reset null}}}
  dev: {}
`,
  );
  await writeFile(path.join(folder, 'devenv.staging.yml'), '');
  await writeFile(path.join(folder, 'devenv.override.yml'), '');
  assert.equal(environmentNames([main]), ['dev', 'prod', 'staging']);
});

naming('a file that is broken, or missing, has none', async ({ folder }) => {
  const main = path.join(folder, 'devenv.yml');
  assert.equal(environmentNames([main]), []);
  await writeFile(main, 'environments: [');
  assert.equal(environmentNames([main]), []);
});

naming.run();
