import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { portRequests } from '../../../runtime/engine/ports.js';
import { portOps } from '../../../runtime/launch/interface-ops.js';
import { PortBook } from '../../../runtime/network/ports.js';
import type { PortRequest } from '../../../runtime/network/types.js';

const balancing = suite('balanced ports');

const target = (owner: string) => ({ owner, ipv4: '172.20.0.2', ipv6: undefined, hostIps: ['127.0.0.1'] });
const request = (balancedIn?: string): PortRequest => ({
  protocol: 'tcp',
  hostIp: '127.0.0.1',
  hostPort: 8080,
  containerPort: 80,
  ...(balancedIn === undefined ? {} : { balancedIn }),
});

async function refusal(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => 'not refused',
    (error: Error) => error.message,
  );
}

balancing('who says the same word gets the same port, anyone else does not', async () => {
  const book = new PortBook();
  await book.choose(request('shop/web'), target('one'));
  const [second] = await book.choose(request('shop/web'), target('two'));
  assert.is(second!.balancedIn, 'shop/web');
  assert.match(await refusal(book.choose(request(), target('three'))), 'port is already allocated');
  assert.match(await refusal(book.choose(request('other'), target('three'))), 'port is already allocated');
  book.release('one');
  assert.match(await refusal(book.choose(request(), target('three'))), 'port is already allocated');
  book.release('two');
  assert.is((await book.choose(request(), target('three')))[0]!.hostPort, 8080);
});

balancing('a port that runs alone is joined by nobody, also after an engine took it over', async () => {
  const book = new PortBook();
  const [port] = await new PortBook().choose(request('shop/web'), target('one'));
  book.reserve('one', [port!]);
  assert.is((await book.choose(request('shop/web'), target('two'))).length, 1);
  const alone = new PortBook();
  await alone.choose(request(), target('one'));
  assert.match(await refusal(alone.choose(request('shop/web'), target('two'))), 'port is already allocated');
});

balancing('only fixed ports of a container are shared, and their proxies join', async () => {
  const host = {
    PortBindings: {
      '80/tcp': [{ HostIp: '', HostPort: '8080' }],
      '81/tcp': [{ HostIp: '', HostPort: '' }],
      '82/tcp': [{ HostIp: '', HostPort: '8082-8083' }],
    },
  } as unknown as Parameters<typeof portRequests>[0];
  const words = portRequests(host, undefined, 'shop/web').map((one) => one.balancedIn);
  assert.equal(words, ['shop/web', undefined, undefined]);
  const [port] = await new PortBook().choose(request('shop/web'), target('one'));
  assert.equal(
    portOps([port!]).before.map(({ op }) => op),
    ['port.join'],
  );
});

balancing.run();
