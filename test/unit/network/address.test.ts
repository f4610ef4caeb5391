import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  addressOfPointer,
  formatAddress,
  formatPrefix,
  overlaps,
  parseAddress,
  parsePrefix,
} from '../../../runtime/network/address.js';

const addresses = suite('addresses');

const roundTrip = (text: string) => {
  const address = parseAddress(text);
  return address === undefined ? undefined : formatAddress(address);
};

addresses('are read and written in their shortest form', () => {
  assert.is(roundTrip('172.18.0.1'), '172.18.0.1');
  assert.is(roundTrip('FD00:0:0:0:0:0:0:1'), 'fd00::1');
  assert.is(roundTrip('::'), '::');
  assert.is(roundTrip('2001:db8::1:0:0:1'), '2001:db8::1:0:0:1');
  assert.is(roundTrip('::ffff:10.0.0.1'), '::ffff:a00:1');
  assert.is(roundTrip('fe80::1%eth0'), 'fe80::1');
});

addresses('that are none are undefined', () => {
  for (const text of ['', '1.2.3', '1.2.3.256', 'web', '::g', '01.2.3.4'])
    assert.is(parseAddress(text), undefined, text);
});

addresses('prefixes lose their host bits', () => {
  assert.is(formatPrefix(parsePrefix('172.18.5.9/16')!), '172.18.0.0/16');
  assert.is(formatPrefix(parsePrefix('fd00:1:2::7/48')!), 'fd00:1:2::/48');
  for (const text of ['172.18.0.0', '172.18.0.0/33', '172.18.0.0/x', 'fd00::/129', '1.1.1.1/8/8'])
    assert.is(parsePrefix(text), undefined, text);
});

addresses('prefixes overlap when one holds the other, within a family', () => {
  const overlap = (one: string, other: string) => overlaps(parsePrefix(one)!, parsePrefix(other)!);
  assert.ok(overlap('172.16.0.0/12', '172.18.0.0/16'));
  assert.ok(overlap('172.18.4.0/24', '172.18.0.0/16'));
  assert.not.ok(overlap('172.18.0.0/16', '172.19.0.0/16'));
  assert.not.ok(overlap('0.0.0.0/0', 'fd00::/8'));
});

addresses('are found in names of the reverse zones', () => {
  assert.is(addressOfPointer('2.0.18.172.in-addr.arpa'), '172.18.0.2');
  assert.is(addressOfPointer(`1.${'0.'.repeat(27)}0.0.d.f.IP6.ARPA.`), 'fd00::1');
  assert.is(addressOfPointer('999.0.18.172.in-addr.arpa'), undefined);
  assert.is(addressOfPointer('web.example'), undefined);
});

addresses.run();
