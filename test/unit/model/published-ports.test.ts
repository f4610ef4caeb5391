import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { portsText, type ShownPort } from '../../../src/model/published-ports.js';

const showing = suite('published ports');

const tcp = (target: number, ip?: string, published?: number): ShownPort => ({
  target,
  ip,
  published,
  protocol: 'tcp',
});

showing('those that are not published come before those that have another number outside', () => {
  assert.is(portsText([tcp(8000, '127.0.0.1', 18000), tcp(9000)]), '9000/tcp, 127.0.0.1:18000->8000/tcp');
});

showing('neighbours that keep their number are a range, on each address by itself', () => {
  const on = (ip: string) => [8002, 8000, 8001].map((port) => tcp(port, ip, port));
  assert.is(
    portsText([...on('0.0.0.0'), ...on('::')]),
    '0.0.0.0:8000-8002->8000-8002/tcp, [::]:8000-8002->8000-8002/tcp',
  );
  assert.is(portsText([tcp(80), tcp(81), tcp(443)]), '80-81/tcp, 443/tcp');
});

showing('protocols are told apart', () => {
  assert.is(portsText([tcp(53), { ...tcp(53), protocol: 'udp' }]), '53/tcp, 53/udp');
  assert.is(portsText([]), '');
});

showing.run();
