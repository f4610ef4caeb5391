/** A short run of what `npm run test:faults` does at length: kills at random instants lose nothing and leave nothing. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { runFaults } from '../support/faults/main.js';
import { runOnOwnEngine } from '../support/project.js';

const faults = suite('faults');

faults(
  'engine, launcher, monitors, commands, build steps and containers are killed under load, and nothing is lost',
  async () => {
    const lines: string[] = [];
    const seed = Number(process.env.FAULTS_SEED ?? Date.now() % 1_000_000);
    const { lost, tried } = await runFaults({ seed, kills: 12, burst: 3, limitMs: 30_000 }, (line) => lines.push(line));
    assert.equal(lost, [], lines.join('\n'));
    assert.ok(tried > 0, lines.join('\n'));
    console.log(lines.at(-1));
  },
);

runOnOwnEngine(faults, 'faults', 'it kills processes of our engine');
