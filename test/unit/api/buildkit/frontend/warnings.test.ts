import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { warningParts } from '../../../../../runtime/api/buildkit/frontend/warnings.js';

const warnings = suite('warnings of a Dockerfile');

const addresses: Readonly<Record<string, string>> = {
  JSONArgsRecommended: 'json-args-recommended',
  StageNameCasing: 'stage-name-casing',
  SecretsUsedInArgOrEnv: 'secrets-used-in-arg-or-env',
  FromPlatformFlagConstDisallowed: 'from-platform-flag-const-disallowed',
};

for (const [rule, address] of Object.entries(addresses))
  warnings(`${rule} has its page`, () => {
    const parts = warningParts({ line: 1, text: `${rule}: what is wrong` });
    assert.is(parts.url, `https://docs.docker.com/go/dockerfile/rule/${address}/`);
    assert.equal([parts.rule, parts.detail], [rule, 'what is wrong']);
    assert.ok(parts.description.length > 10);
  });

warnings('a sentence without a rule stays a sentence', () => {
  const text = 'the image has no "bob": root owns the files';
  assert.equal(warningParts({ line: undefined, text }), { rule: '', detail: text, description: '', url: '' });
});

warnings.run();
