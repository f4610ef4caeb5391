import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { sizeBytes } from '../../../../src/config/decode/bytes.js';
import { durationNs, durationText } from '../../../../src/config/decode/duration.js';

const units = suite('units');

const durations: readonly (readonly [string, string | undefined])[] = [
  ['0', '0s'],
  ['90s', '1m30s'],
  ['1h', '1h0m0s'],
  ['1d', '24h0m0s'],
  ['2w', '336h0m0s'],
  ['500ms', '500ms'],
  ['100us', '100µs'],
  ['1.5s', '1.5s'],
  ['1m0.5s', '1m0.5s'],
  ['1ns', '1ns'],
  ['-1m', '-1m0s'],
  ['90', undefined],
  ['soon', undefined],
  ['', undefined],
  ['1x', undefined],
];

for (const [text, printed] of durations) {
  units(`the duration ${JSON.stringify(text)} is ${printed}`, () => {
    const nanoseconds = durationNs(text);
    assert.is(nanoseconds === undefined ? undefined : durationText(nanoseconds), printed);
  });
}

const sizes: readonly (readonly [string, number | undefined])[] = [
  ['512m', 536870912],
  ['1.5g', 1610612736],
  ['10kb', 10240],
  ['1GiB', 1073741824],
  ['100 mb', 104857600],
  ['12b', 12],
  ['1024', 1024],
  ['1tb', 1099511627776],
  ['-1', undefined],
  ['lots', undefined],
  ['1xb', undefined],
  ['', undefined],
];

for (const [text, bytes] of sizes)
  units(`the size ${JSON.stringify(text)} is ${bytes}`, () => assert.is(sizeBytes(text), bytes));

units.run();
