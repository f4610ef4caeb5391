import { existsSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { makePackageInstaller } from '../../../runtime/main/packages.js';

const packages = suite('packages of the machine');
const hasApt = existsSync('/usr/bin/apt-get');

interface Ran {
  readonly code: number;
  readonly stderr: string;
}

/** Answers each call of apt-get in turn; `ran` are the calls, as typed. */
function machine(...answers: readonly Ran[]) {
  const ran: string[] = [];
  let running = 0;
  const spawn = async (args: readonly string[]) => {
    assert.is(++running, 1, 'two apt-gets at once');
    await new Promise(setImmediate);
    running--;
    ran.push(args.slice(args.indexOf('/usr/bin/apt-get') + 1).join(' '));
    const { code, stderr } = answers[ran.length - 1] ?? { code: 0, stderr: '' };
    return { code, stdout: '', stderr };
  };
  return { ran, spawn };
}

const quiet = () => undefined;
const install = (name: string) => `install -y -qq --no-install-recommends ${name}`;

if (hasApt)
  packages('a package that no list names yet is looked for in fresh lists', async () => {
    const { ran, spawn } = machine({ code: 100, stderr: 'E: Unable to locate package nftables' });
    await makePackageInstaller(spawn, quiet, 0)(['nftables'], 'networks need nft');
    assert.equal(ran, [install('nftables'), 'update -qq', install('nftables')]);
  });

if (hasApt)
  packages('installations wait for each other, and for whoever holds the lock', async () => {
    const held = { code: 100, stderr: 'E: Could not get lock /var/lib/apt/lists/lock. It is held by process 7' };
    const { ran, spawn } = machine(held);
    const provide = makePackageInstaller(spawn, quiet, 0);
    await Promise.all([provide(['a'], 'why'), provide(['b'], 'why')]);
    assert.equal(ran, [install('a'), install('a'), install('b')]);
  });

if (hasApt)
  packages('what apt-get refuses is told with the command', async () => {
    const refusal = { code: 100, stderr: 'E: You have held broken packages.\n' };
    const { spawn } = machine(refusal, refusal, refusal);
    const error = await makePackageInstaller(spawn, quiet, 0)(['nftables'], 'networks need nft').catch((one) => one);
    assert.is(
      error.message,
      'networks need nft: apt-get install -y nftables (tried; it said: E: You have held broken packages.)',
    );
  });

packages('an ordinary user is told the command', async () => {
  const { ran, spawn } = machine();
  const error = await makePackageInstaller(spawn, quiet, 1000)(['nftables'], 'networks need nft').catch((one) => one);
  assert.is(error.message, 'networks need nft: apt-get install -y nftables');
  assert.equal(ran, []);
});

packages.run();
