/** What `npm run fuzz` found once, kept. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { drawFrom, mutate } from '../../fuzz/mutate.js';
import { faultOf, targets } from '../../fuzz/targets.js';

const folder = fileURLToPath(new URL('../../../../test/fixtures/fuzz', import.meta.url));
const findings = suite('findings of the fuzzer');

for (const name of readdirSync(folder))
  for (const file of readdirSync(path.join(folder, name)))
    findings(`${name}/${file}`, () => {
      const target = targets.find((one) => one.name === name);
      assert.ok(target, name);
      assert.is(faultOf(target, readFileSync(path.join(folder, name, file))), undefined);
    });

findings('a hundred changed inputs of each target, the same each time', () => {
  for (const target of targets) {
    const draw = drawFrom(7);
    for (let i = 0; i < 100; i++) {
      const seed = target.seeds[draw(target.seeds.length)]!;
      assert.is(faultOf(target, mutate(seed, target.seeds[0]!, draw)), undefined, `${target.name} ${i}`);
    }
  }
});

findings.run();
