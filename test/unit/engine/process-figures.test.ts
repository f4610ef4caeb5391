import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { figuresOf, parseStat } from '../../../runtime/engine/process-figures.js';

const figures = suite('figures of processes');

figures('a name with brackets and spaces moves nothing', () => {
  const line = '7 (a) (b c) S 1 7 7 0 -1 4194304 100 0 0 0 11 12 3 4 20 0 1 0 55 4096000 9 18446744073709551615 1';
  assert.equal(parseStat(line), { processes: 1, userTicks: 14, kernelTicks: 16, residentBytes: 9 * 4096 });
});

figures('one that has ended meanwhile counts nothing', async () => {
  assert.is(parseStat('').processes, 0);
  const { processes, residentBytes } = await figuresOf([process.pid, 2 ** 30]);
  assert.is(processes, 1);
  assert.ok(residentBytes > 1 << 20);
});

figures.run();
