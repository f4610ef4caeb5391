import { readFileSync, writeFileSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { manifestFile, renderManifest } from '../../support/manifest.js';

const manifest = suite('oclif.manifest.json');

manifest('is what the commands say (UPDATE_GOLDEN=1 rewrites it)', async () => {
  const text = await renderManifest();
  if (process.env.UPDATE_GOLDEN) writeFileSync(manifestFile, text);
  assert.is(readFileSync(manifestFile, 'utf8'), text);
});

manifest('knows every command that issue A names', async () => {
  const ids = Object.keys(JSON.parse(readFileSync(manifestFile, 'utf8')).commands);
  const wanted =
    'up down ps logs exec build pull config port stop start restart engine:start engine:stop engine:status engine:serve engine:env image:ls image:bootstrap';
  for (const id of wanted.split(' ')) assert.ok(ids.includes(id), id);
});

manifest.run();
