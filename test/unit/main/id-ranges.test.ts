import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { idMap, readRange } from '../../../runtime/main/id-ranges.js';
import { explainFailure } from '../../../runtime/main/rootless-failure.js';

const ranges = suite('ids without root');

ranges('the largest range counts, by name or by number, and no more of it than images use', () => {
  const text = 'ann:100000:10\nbob:165536:65536\n1000:300000:1000000\n\nbroken\n';
  assert.equal(readRange(text, 'ann', 1000), { first: 300_000, count: 65_536 });
  assert.equal(readRange(text, 'bob', 7), { first: 165_536, count: 65_536 });
  assert.is(readRange(text, 'eve', 8), undefined);
});

ranges('root inside is the user outside, and everybody else comes from the range', () => {
  assert.is(idMap(1000, { first: 100_000, count: 65_536 }), '0 1000 1 1 100000 65536');
  assert.is(idMap(1000, undefined), '0 1000 1');
});

ranges('what forbids namespaces is named with its remedy', () => {
  const kernel = (files: Readonly<Record<string, string>>) => explainFailure((file) => files[file]).join('\n');
  assert.match(kernel({ '/proc/sys/kernel/apparmor_restrict_unprivileged_userns': '1\n' }), /AppArmor .*userns=0/);
  assert.match(kernel({ '/proc/sys/user/max_user_namespaces': '0\n' }), /switched off .*max_user_namespaces=15000/);
  assert.match(kernel({ '/proc/sys/kernel/unprivileged_userns_clone': '1\n' }), /no user namespace could be made/);
});

ranges.run();
