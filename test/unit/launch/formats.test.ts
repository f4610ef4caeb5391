import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { capabilityBits, DEFAULT_CAPABILITIES, dockerCapabilities } from '../../../runtime/launch/capabilities.js';
import { deviceFilter } from '../../../runtime/launch/device-filter.js';
import { parseExitFile } from '../../../runtime/launch/exit-file.js';
import { readRecords } from '../../../runtime/launch/log-format.js';
import { heldCapabilities } from '../../../runtime/launch/machine.js';
import { decodeExited, decodeFailure, errnoName } from '../../../runtime/launch/wire.js';

const formats = suite('formats');

formats('capabilities: defaults, names in any form, ALL both ways', () => {
  assert.equal(new Set(dockerCapabilities({})), new Set(DEFAULT_CAPABILITIES));
  assert.ok(dockerCapabilities({ add: ['cap_net_admin'] }).includes('NET_ADMIN'));
  assert.equal(dockerCapabilities({ drop: ['ALL'], add: ['CHOWN'] }), ['CHOWN']);
  assert.is(dockerCapabilities({ add: ['ALL'], drop: ['SYS_ADMIN'] }).includes('SYS_ADMIN'), false);
  assert.is(dockerCapabilities({ privileged: true }).length, 41);
  assert.throws(() => dockerCapabilities({ add: ['fly'] }), /unknown capability: "CAP_FLY"/);
  assert.is(capabilityBits(['CHOWN', 'CHECKPOINT_RESTORE']), 1n | (1n << 40n));
  assert.is(heldCapabilities('Name:\tx\nCapPrm:\t000001fffeffffff\n'), 0x1fffeffffffn);
});

const record = (stream: number, ns: bigint, payload: string) => {
  const head = Buffer.alloc(16);
  head[0] = stream;
  head.writeUInt32LE(Buffer.byteLength(payload), 4);
  head.writeBigUInt64LE(ns, 8);
  return Buffer.concat([head, Buffer.from(payload)]);
};

formats('log: whole records are read, an incomplete one waits', () => {
  const both = Buffer.concat([record(1, 5n, 'one\n'), record(2, 6n, 'two')]);
  const { records, used } = readRecords(both.subarray(0, both.length - 1));
  assert.equal(records, [{ stream: 1, timestampNs: 5n, payload: Buffer.from('one\n') }]);
  assert.is(used, 20);
  assert.is(readRecords(both).records.length, 2);
  assert.equal(readRecords(Buffer.alloc(3)), { records: [], used: 0 });
  assert.throws(() => readRecords(Buffer.alloc(20)), /no log record at byte 0/);
});

formats('exit file: all of it or nothing', () => {
  assert.equal(parseExitFile('137 9 1 1700000000000000001 1600000000000000000\n'), {
    code: 137,
    signal: 9,
    oomKilled: true,
    finishedAtNs: 1700000000000000001n,
    startedAtNs: 1600000000000000000n,
  });
  assert.is(parseExitFile(''), undefined);
  assert.is(parseExitFile('1 2'), undefined);
});

formats('answers: failures are named, a signal 0 is none', () => {
  const failure = Buffer.concat([Buffer.from([36, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0]), Buffer.from('foo\0')]);
  const error = decodeFailure(failure);
  assert.equal([error.operation, error.errno, error.subject], ['exec', 'ENOENT', 'foo']);
  assert.is(errnoName(133), 'E133');
  assert.is(errnoName(95), 'EOPNOTSUPP');
  const exited = Buffer.alloc(20);
  exited.writeUInt32LE(3, 0);
  exited.writeBigUInt64LE(9n, 12);
  assert.equal(decodeExited(exited), { code: 3, signal: undefined, oomKilled: false, finishedAtNs: 9n });
});

formats('devices of v2: a rule is tests and an answer, all is no filter', () => {
  assert.is(deviceFilter(['c 1:3 rwm', 'a *:* rwm']), undefined);
  // Six instructions load, two end; type, major and minor are tested, answer and exit follow.
  assert.is(deviceFilter(['c 1:3 rwm'])?.length, (6 + 5 + 2) * 8);
  assert.is(deviceFilter(['b *:* m'])?.length, (6 + 6 + 2) * 8);
  assert.throws(() => deviceFilter(['c 1 rwm']), /not a device rule/);
});

formats.run();
