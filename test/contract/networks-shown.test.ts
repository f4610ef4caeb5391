/** How networks are shown: as they were asked for, with what they got by themselves. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ask, filterOf } from '../support/api.js';
import { startEngine, type TestEngine } from '../support/engine.js';

const networks = suite('networks as they are shown');
let engine: TestEngine;
networks.before(async () => {
  engine = await startEngine();
});
networks.after(() => engine.stop());

interface Shown {
  readonly EnableIPv4: boolean;
  readonly EnableIPv6: boolean;
  readonly Options: Readonly<Record<string, string>>;
  readonly IPAM: { readonly Driver: string; readonly Options: unknown; readonly Config: readonly Pool[] };
}
interface Pool {
  readonly Subnet: string;
  readonly Gateway?: string;
}

async function shown(body: object): Promise<Shown> {
  const { json } = await ask(engine, 'POST', '/networks/create', { Name: 'contract-shown', ...body });
  try {
    assert.is(json.Warning, '');
    return (await ask(engine, 'GET', `/networks/${json.Id}`)).json;
  } finally {
    await engine.request('DELETE', `/networks/${json.Id}`);
  }
}

const config = (...Config: readonly object[]) => ({ IPAM: { Config } });

networks('options of the address management are as they were given, and null where none were', async () => {
  assert.is((await shown({})).IPAM.Options, null);
  assert.equal((await shown({ IPAM: { Driver: 'default', Options: { a: 'b' } } })).IPAM.Options, { a: 'b' });
});

networks('a subnet that was asked for shows no gateway that was not', async () => {
  assert.equal((await shown(config({ Subnet: '10.215.0.0/16' }))).IPAM.Config, [{ Subnet: '10.215.0.0/16' }]);
});

networks('a subnet that was picked shows its gateway', async () => {
  const [picked, ...more] = (await shown({})).IPAM.Config;
  assert.equal(more, []);
  assert.is(picked!.Gateway, picked!.Subnet.replace(/0\/\d+$/, '1'));
});

networks('IPv6 by itself is a unique local /64 behind the IPv4 pool', async () => {
  const { EnableIPv6, IPAM } = await shown({ EnableIPv6: true });
  assert.is(EnableIPv6, true);
  assert.is(IPAM.Config.length, 2);
  assert.match(IPAM.Config[0]!.Subnet, /^\d+\.\d+\.\d+\.\d+\/\d+$/);
  assert.match(IPAM.Config[1]!.Subnet, /^fd[0-9a-f]{2}:[0-9a-f:]+\/64$/);
  assert.match(IPAM.Config[1]!.Gateway!, /::1$/);
});

networks('pools that were asked for come first, IPv4 before IPv6', async () => {
  const six = { Subnet: 'fd77:15::/64', Gateway: 'fd77:15::99' };
  const both = await shown({ EnableIPv6: true, ...config(six, { Subnet: '10.215.0.0/16' }) });
  assert.equal(both.IPAM.Config, [{ Subnet: '10.215.0.0/16' }, six]);
  const one = await shown({ EnableIPv6: true, ...config(six) });
  assert.equal(one.IPAM.Config[0], six);
  assert.match(one.IPAM.Config[1]!.Gateway!, /^\d+\.\d+\.\d+\.1$/);
});

networks('a network may be of IPv6 alone', async () => {
  const { EnableIPv4, IPAM } = await shown({ EnableIPv4: false, EnableIPv6: true });
  assert.is(EnableIPv4, false);
  assert.is(IPAM.Config.length, 1);
  assert.match(IPAM.Config[0]!.Subnet, /^fd/);
});

networks('the option enable_ipv6 is as good as the field', async () => {
  assert.is((await shown({ Options: { 'com.docker.network.enable_ipv6': 'true' } })).EnableIPv6, true);
});

networks('options that nobody knows are kept', async () => {
  assert.equal((await shown({ Options: { foo: 'bar' } })).Options, { foo: 'bar' });
});

networks('a subnet without room for more still is one', async () => {
  for (const Subnet of ['10.215.0.0/30', '10.215.0.0/31', '10.215.0.0/32'])
    assert.is((await shown(config({ Subnet }))).IPAM.Config[0]!.Subnet, Subnet);
});

networks('old versions are shown the same', async () => {
  assert.is((await ask(engine, 'GET', '/v1.30/networks/bridge')).json.EnableIPv4, true);
});

networks('host and none have no pools', async () => {
  for (const name of ['host', 'none']) {
    const { json } = await ask(engine, 'GET', `/networks/${name}`);
    assert.equal(json.IPAM, { Driver: 'default', Options: null, Config: null });
  }
  assert.is((await ask(engine, 'GET', '/networks/none')).json.Driver, 'null');
});

networks('the default bridge says that it is', async () => {
  const { Options } = (await ask(engine, 'GET', '/networks/bridge')).json;
  assert.is(Options['com.docker.network.bridge.default_bridge'], 'true');
  assert.is(Options['com.docker.network.bridge.host_binding_ipv4'], '0.0.0.0');
});

networks('values of the older form of filters are not looked at', async () => {
  const { json } = await ask(engine, 'GET', `/networks?${filterOf({ name: { 'contract-none': false } })}`);
  assert.equal(json, []);
});

networks('names are filtered by a pattern', async () => {
  const names = async (name: string) => {
    const { json } = await ask(engine, 'GET', `/networks?${filterOf({ name: [name], type: ['builtin'] })}`);
    return json.map(({ Name }: { Name: string }) => Name);
  };
  assert.equal(await names('^bridge$'), ['bridge']);
  assert.equal(await names('ridg'), ['bridge']);
  assert.equal(await names('^ridg'), []);
});

networks.run();
