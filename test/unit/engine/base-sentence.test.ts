import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { baseSentence } from '../../../runtime/engine/base-sentence.js';
import { EngineError } from '../../../runtime/errors.js';
import { pullFailure, readAnswer } from '../../../runtime/images/registry/failures.js';

const test = suite('why a base image cannot be had');
const name = 'r.example/team/app:1';

function answered(status: number): EngineError {
  const url = 'https://r.example/v2/team/app/manifests/1';
  const answer = readAnswer({ status, body: '', url, retryAfter: undefined });
  return pullFailure(answer, { reference: name, repository: 'r.example/team/app' }) as EngineError;
}

test('what is not there, not allowed, or for other machines is said in BuildKit’s words', () => {
  assert.is(baseSentence(answered(404), name), `${name}: not found`);
  assert.match(baseSentence(answered(403), name), /^pull access denied, repository does not exist or may require auth/);
  const other = new EngineError('not-found', 'no matching manifest for linux/arm64 in the manifest list entries');
  assert.is(baseSentence(other, name), 'no match for platform in manifest: not found');
});

test('anything else is said as it is', () => {
  assert.is(baseSentence(answered(500), name), 'received unexpected HTTP status: 500 Internal Server Error');
  assert.is(baseSentence(new EngineError('system', 'no space left on device'), name), 'no space left on device');
});

test.run();
