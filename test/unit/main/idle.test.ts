import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { onceQuiet } from '../../../runtime/main/idle.js';
import { eventually } from '../../support/api.js';

const quiet = suite('work for when nobody is there');

quiet('waits for the last client, and is done once', async () => {
  let [quietMs, looks, done] = [0, 0, 0];
  const look = () => {
    looks++;
    return quietMs;
  };
  const doIt = onceQuiet(1, look, () => done++);
  await eventually('it has looked a few times', async () => looks > 3);
  assert.is(done, 0);
  quietMs = 1000;
  await eventually('it is done', async () => done === 1);
  doIt();
  assert.is(done, 1);
});

quiet('is done at once for who cannot wait', () => {
  let done = 0;
  const doIt = onceQuiet(
    1000,
    () => 0,
    () => done++,
  );
  doIt();
  doIt();
  assert.is(done, 1);
});

quiet.run();
