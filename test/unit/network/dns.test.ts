import { decode, encode } from 'dns-packet';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type AskedNetwork, type Asker, decide } from '../../../runtime/network/dns-answer.js';
import { frame, takeFrame } from '../../../runtime/network/dns-forward.js';
import { readQuery, refuseUnreadable, writeAnswer, writeFailure } from '../../../runtime/network/dns-message.js';
import { EndpointTable } from '../../../runtime/network/endpoints.js';
import type { Endpoint } from '../../../runtime/network/types.js';

const dns = suite('dns');

function endpoint(name: string, ipv4: string, networkId = 'n1', aliases: string[] = []): Endpoint {
  const containerId = `${name}-id`;
  const lengths = { ipv4PrefixLength: 16, ipv6PrefixLength: 0 };
  const rest = { endpointId: `${name}-${networkId}`, interfaceName: 'eth0', macAddress: '', gateway: undefined };
  const none = { ipv6: undefined, gateway6: undefined };
  return {
    networkId,
    containerId,
    containerName: name,
    ipv4,
    dnsNames: [name, ...aliases],
    ...lengths,
    ...rest,
    ...none,
  };
}

function tableOf(...endpoints: Endpoint[]): EndpointTable {
  const table = new EndpointTable();
  for (const one of endpoints) {
    const { networkId, containerId, containerName, interfaceName } = one;
    const request = { networkId, containerId, containerName, interfaceName, hostname: '', aliases: [], links: [] };
    table.add({ endpoint: one, request });
  }
  return table;
}

const table = tableOf(
  endpoint('web-1', '172.18.0.2', 'n1', ['web']),
  endpoint('web-2', '172.18.0.3', 'n1', ['web']),
  endpoint('Db', '172.19.0.2', 'n2'),
);

const network = (id: string, name: string): AskedNetwork => ({
  name,
  find: (wanted) => table.named(id, wanted),
  holder: (address) => table.at(id, address)?.endpoint,
});

const asker = (change: Partial<Asker> = {}): Asker => ({
  networks: [network('n1', 'front')],
  linked: () => [],
  gateway: '172.18.0.1',
  gateway6: undefined,
  mayForward: true,
  ...change,
});

const ask = (name: string, type = 'A', who = asker()) => decide({ name, type }, who);

dns("answers names and aliases of the asker's networks, whatever their case", () => {
  assert.equal(ask('web-1'), { kind: 'addresses', addresses: ['172.18.0.2'] });
  assert.equal(ask('WEB.'), { kind: 'addresses', addresses: ['172.18.0.2', '172.18.0.3'] });
  assert.equal(ask('web.front'), { kind: 'addresses', addresses: ['172.18.0.2', '172.18.0.3'] });
});

dns('takes dots in the names of containers and of networks', () => {
  const dotted = tableOf(endpoint('c1.net1', '172.20.0.2', 'n3'));
  const find = (wanted: string) => dotted.named('n3', wanted);
  const who = asker({ networks: [{ name: 'br.net1', find, holder: () => undefined }] });
  for (const name of ['c1.net1', 'c1.net1.br.net1'])
    assert.equal(ask(name, 'A', who), { kind: 'addresses', addresses: ['172.20.0.2'] }, name);
});

dns('does not know names of networks that the asker is not on', () => {
  assert.equal(ask('db'), { kind: 'forward' });
  assert.equal(ask('db', 'A', asker({ networks: [network('n1', 'front'), network('n2', 'back')] })), {
    kind: 'addresses',
    addresses: ['172.19.0.2'],
  });
});

dns('knows a link before a name', () => {
  const linked = (alias: string) => (alias === 'web-1' ? [endpoint('other', '172.18.0.9')] : []);
  assert.equal(ask('web-1', 'A', asker({ linked })), { kind: 'addresses', addresses: ['172.18.0.9'] });
});

dns('says that a known name has no such record instead of asking outside', () => {
  for (const type of ['AAAA', 'MX', 'HTTPS', 'TXT'])
    assert.equal(ask('web', type), { kind: 'addresses', addresses: [] }, type);
});

dns('asks nothing outside for internal networks', () => {
  assert.equal(ask('example.org', 'A', asker({ mayForward: false })), { kind: 'unavailable' });
});

dns("turns addresses of the asker's networks into names", () => {
  assert.equal(ask('3.0.18.172.in-addr.arpa', 'PTR'), { kind: 'pointer', name: 'web-2.front' });
  assert.equal(ask('2.0.19.172.in-addr.arpa', 'PTR'), { kind: 'forward' });
});

dns("knows this machine by Docker's names", () => {
  assert.equal(ask('host.docker.internal'), { kind: 'addresses', addresses: ['172.18.0.1'] });
  assert.equal(ask('host.docker.internal', 'AAAA'), { kind: 'addresses', addresses: [] });
});

dns('forgets names with their endpoint', () => {
  const own = tableOf(endpoint('a', '10.0.0.1'), endpoint('b', '10.0.0.2', 'n1', ['a']));
  own.remove('a-id', 'n1');
  assert.equal(
    own.named('n1', 'a').map(({ ipv4 }) => ipv4),
    ['10.0.0.2'],
  );
  assert.is(own.at('n1', '10.0.0.1'), undefined);
});

const query = (name: string, type: 'A' | 'AAAA' = 'A', edns = 0) =>
  encode({
    type: 'query',
    id: 4711,
    flags: 256,
    questions: [{ name, type }],
    additionals:
      edns === 0
        ? []
        : [
            {
              type: 'OPT',
              name: '.',
              udpPayloadSize: edns,
              extendedRcode: 0,
              ednsVersion: 0,
              flags: 0,
              flag_do: false,
              options: [],
            },
          ],
  });

const many = (count: number) => ({
  kind: 'addresses' as const,
  addresses: Array.from({ length: count }, (_, index) => `10.0.0.${index + 1}`),
});

dns('writes answers that take turns', () => {
  const read = readQuery(query('web'))!;
  const first = (turn: number) => {
    const answer = decode(writeAnswer(read, many(2), 'udp', turn)).answers?.[0];
    return answer?.type === 'A' ? answer.data : undefined;
  };
  assert.equal([first(0), first(1), first(2)], ['10.0.0.1', '10.0.0.2', '10.0.0.1']);
});

dns('cuts what does not fit a datagram and says so; a connection takes all', () => {
  const read = readQuery(query('web'))!;
  const cut = writeAnswer(read, many(200), 'udp', 0);
  assert.ok(cut.length <= 512);
  assert.ok(decode(cut).flag_tc);
  assert.is(decode(writeAnswer(read, many(200), 'tcp', 0)).answers?.length, 200);
  const wide = writeAnswer(readQuery(query('web', 'A', 4096))!, many(60), 'udp', 0);
  assert.is(decode(wide).answers?.length, 60);
  assert.is(decode(wide).additionals?.[0]?.type, 'OPT');
});

dns('refuses with the code and the question', () => {
  const refused = decode(writeFailure(readQuery(query('web'))!, 2));
  assert.is(refused.id, 4711);
  assert.is((refused.flags ?? 0) & 15, 2);
  assert.is(refused.questions?.[0]?.name, 'web');
});

dns('meets any bytes without throwing', () => {
  for (let length = 0; length < 64; length++) {
    const bytes = Buffer.from(Array.from({ length }, (_, index) => (index * 37 + length * 11) & 255));
    readQuery(bytes);
    refuseUnreadable(bytes);
  }
  assert.is(refuseUnreadable(Buffer.alloc(5)), undefined);
  assert.is(refuseUnreadable(Buffer.alloc(12))?.readUInt8(3), 1);
});

dns('takes whole messages from a stream', () => {
  const stream = Buffer.concat([frame(Buffer.from('ab')), frame(Buffer.from('c')).subarray(0, 2)]);
  const [message, rest] = takeFrame(stream);
  assert.is(message?.toString(), 'ab');
  assert.is(takeFrame(rest)[0], undefined);
});

dns.run();
