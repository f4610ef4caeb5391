import { readFileSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type Commands, candidates } from '../../../../src/flows/completion/candidates.js';
import { manifestFile } from '../../../support/manifest.js';

const completion = suite('completion');
const { commands } = JSON.parse(readFileSync(manifestFile, 'utf8')) as { commands: Commands };
const next = (...words: string[]) => candidates(commands, words);

completion('commands, and those below a topic', () => {
  assert.equal(next('dow').words, ['down']);
  assert.ok(next('').words.includes('volume'));
  assert.not.ok(next('').words.includes('complete'));
  assert.equal(next('volume', 'in').words, ['inspect']);
  assert.equal(next('-f', 'x.yaml', '--profile', 'a', 'volu').words, ['volume', 'volumes']);
});

completion('flags of the command, none twice', () => {
  assert.ok(next('up', '--de').words.includes('--detach'));
  assert.not.ok(next('up', '--detach', '--de').words.includes('--detach'));
  assert.ok(next('--pro').words.includes('--profile'));
});

completion('values of a flag', () => {
  assert.equal(next('up', '--progress', 'p').words, ['plain']);
  assert.equal(next('up', '--progress=j').words, ['--progress=json']);
  assert.equal(next('up', '--profile', '').things, ['profiles']);
  assert.equal(next('-f', '').things, ['files']);
});

completion('things by what the command takes', () => {
  assert.equal(next('logs', '').things, ['services']);
  assert.equal(next('logs', '--tail', '5', 'a').things, ['services']);
  assert.equal(next('exec', '').things, ['services']);
  assert.equal(next('volume', 'rm', '').things, ['volumes']);
  assert.equal(next('container', 'stop', 'x', '').things, ['containers']);
  assert.equal(next('cp', '').things, ['services', 'files']);
  assert.equal(next('completion', 'z').words, ['zsh']);
  assert.equal(next('export', 'api', '').things, []);
});

completion.run();
