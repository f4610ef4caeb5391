import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { EngineError } from '../../../runtime/errors.js';
import { formatPrefix, parsePrefix } from '../../../runtime/network/address.js';
import { AddressPool, pickPool, refuseOverlap, settlePool } from '../../../runtime/network/ipam.js';
import type { IpamPool } from '../../../runtime/network/types.js';

const ipam = suite('ipam');

const ULA = 'fd12:3456:789a::/48';
const prefixes = (...texts: string[]) => texts.map((text) => parsePrefix(text)!);
const pick = (...taken: string[]) => formatPrefix(pickPool(4, prefixes(...taken), ULA));
const settle = (asked: Partial<IpamPool>) => settlePool(asked, true, () => parsePrefix('172.18.0.0/16')!);

function refusal(kind: string, sentence: RegExp, work: () => unknown): void {
  try {
    work();
  } catch (error) {
    assert.instance(error, EngineError);
    assert.is((error as EngineError).kind, kind);
    assert.match((error as EngineError).message, sentence);
    return;
  }
  assert.unreachable(`nothing refused ${sentence}`);
}

ipam('picks the first of the default pools that touches nothing', () => {
  assert.is(pick(), '172.17.0.0/16');
  assert.is(pick('172.17.0.0/16', '172.18.4.0/24'), '172.19.0.0/16');
  assert.is(pick('172.16.0.0/12'), '192.168.0.0/20');
  assert.is(pick('172.16.0.0/12', '192.168.1.0/24'), '192.168.16.0/20');
  assert.is(pick('172.16.0.0/12', '192.168.0.0/16'), '10.201.0.0/24');
  assert.is(formatPrefix(pickPool(6, prefixes('fd12:3456:789a::/64'), ULA)), 'fd12:3456:789a:1::/64');
});

ipam('says so when all pools are used', () => {
  refusal('invalid', /all predefined address pools have been fully subnetted/, () =>
    pick('172.16.0.0/12', '192.168.0.0/16', '10.201.0.0/16'),
  );
});

ipam('gives a pool its gateway: the first address that is free', () => {
  assert.equal(settle({}), { subnet: '172.18.0.0/16', gateway: '172.18.0.1' });
  assert.equal(settle({ subnet: '10.5.0.0/24', auxAddresses: { router: '10.5.0.1' } }), {
    subnet: '10.5.0.0/24',
    auxAddresses: { router: '10.5.0.1' },
    gateway: '10.5.0.2',
  });
  assert.is(settle({ subnet: '10.5.0.0/24', gateway: '10.5.0.254' }).gateway, '10.5.0.254');
  assert.is(settle({ subnet: 'fd00:5::/64' }).gateway, 'fd00:5::1');
});

ipam('refuses what does not fit together', () => {
  refusal('invalid', /invalid subnet 10.5.0.7\/24: it should be 10.5.0.0\/24/, () => settle({ subnet: '10.5.0.7/24' }));
  refusal('invalid', /^invalid network config:\ninvalid subnet nonsense: invalid CIDR block notation$/, () =>
    settle({ subnet: 'nonsense' }),
  );
  refusal('invalid', /invalid gateway 10.6.0.1: parent subnet 10.5.0.0\/24 doesn't contain this address/, () =>
    settle({ subnet: '10.5.0.0/24', gateway: '10.6.0.1' }),
  );
  refusal('invalid', /parent subnet 10.5.0.0\/24 doesn't contain ip-range/, () =>
    settle({ subnet: '10.5.0.0/24', ipRange: '10.6.0.0/25' }),
  );
  refusal('forbidden', /Pool overlaps with other one on this address space/, () =>
    refuseOverlap({ subnet: '10.5.0.0/24' }, prefixes('10.0.0.0/8')),
  );
});

ipam('hands out addresses in a circle and never the reserved ones', () => {
  const pool = new AddressPool({
    subnet: '10.5.0.0/29',
    gateway: '10.5.0.1',
    auxAddresses: { printer: '10.5.0.3' },
  });
  assert.equal([pool.take(), pool.take(), pool.take(), pool.take()], ['10.5.0.2', '10.5.0.4', '10.5.0.5', '10.5.0.6']);
  assert.ok(pool.isFull);
  refusal('system', /no available IPv4 addresses on this network's address pools/, () => pool.take());
  pool.free('10.5.0.5');
  pool.free('10.5.0.2');
  assert.equal([pool.take(), pool.take()], ['10.5.0.2', '10.5.0.5']);
});

ipam('does not meet a freed address again at once', () => {
  const pool = new AddressPool({ subnet: '10.5.0.0/24', gateway: '10.5.0.1' });
  const first = pool.take();
  pool.free(first);
  assert.is.not(pool.take(), first);
});

ipam('keeps to an ip range, but reserves by hand outside it', () => {
  const pool = new AddressPool({ subnet: '10.5.0.0/16', ipRange: '10.5.9.0/30', gateway: '10.5.0.1' });
  assert.equal([pool.take(), pool.take(), pool.take(), pool.take()], ['10.5.9.0', '10.5.9.1', '10.5.9.2', '10.5.9.3']);
  assert.is(pool.reserve('10.5.0.200'), '10.5.0.200');
  refusal('forbidden', /Address already in use/, () => pool.reserve('10.5.0.200'));
  refusal('invalid', /no configured subnet contains IP address 10.6.0.1/, () => pool.reserve('10.6.0.1'));
});

ipam('knows that point to point prefixes have no network address', () => {
  const pool = new AddressPool({ subnet: '10.5.0.0/31' });
  assert.equal([pool.take(), pool.take()], ['10.5.0.0', '10.5.0.1']);
});

ipam.run();
