/**
 * The engine's contract as an ordinary user sees it: the same tests, run as one. Here those that say the most about what is
 * different without root; all of them by `npm run test:rootless`. What cannot be there is skipped with its reason
 * (support/without-root.ts).
 */
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { as, makePerson, obstacle, type Person, removePerson } from '../support/person.js';
import { foreignEngine } from '../support/project.js';

const runner = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../support/run.js');
const telling = [
  'containers-inside',
  'containers-life',
  'exec',
  'networks-containers',
  'volumes-life',
  'isolation-strict',
];

const contract = suite<{ person: Person }>('the contract without root');

contract.before((context) => {
  context.person = makePerson();
});
contract.after(({ person }) => removePerson(person));

for (const only of process.env.ROOTLESS_CONTRACT === 'all' ? ['contract/'] : telling)
  contract(only, async ({ person }) => {
    const command = [process.execPath, runner, '--only', only, 'contract'];
    const { code, output } = await as(person, command, { TMPDIR: person.folder });
    assert.is(code, 0, output);
    console.log(
      output
        .split('\n')
        .filter((line) => /^(FLAKY|skipped|\d+ passed)/.test(line))
        .join('\n'),
    );
  });

const reason = foreignEngine ? 'it is about our own engine' : obstacle();
if (reason === undefined) contract.run();
else {
  const skipped = suite(`the contract without root: skipped, ${reason}`);
  skipped.skip('all of it', () => undefined);
  skipped.run();
}
