import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { hostOf, isInsecure, mirrorsOf, proxyFor } from '../../../../runtime/images/registry/hosts.js';
import { parseChallenge } from '../../../../runtime/images/registry/tokens.js';

const hosts = suite('registry hosts');

hosts('this machine is asked over http, others only where that is said', () => {
  for (const host of ['localhost:5000', '127.0.0.1:5000', '127.9.9.9', '[::1]:5000'])
    assert.ok(isInsecure(host, {}), host);
  assert.not(isInsecure('registry.lan:5000', {}));
  assert.ok(isInsecure('registry.lan:5000', { DEVENV_INSECURE_REGISTRIES: 'other, registry.lan' }));
  assert.is(hostOf('docker.io'), 'registry-1.docker.io');
});

hosts('whole networks may be insecure', () => {
  const environment = { DEVENV_INSECURE_REGISTRIES: '10.1.0.0/16,192.168.7.9/32' };
  assert.ok(isInsecure('10.1.200.3:5000', environment));
  assert.ok(isInsecure('192.168.7.9', environment));
  assert.not(isInsecure('10.2.0.1:5000', environment));
  assert.not(isInsecure('registry.lan', environment));
});

hosts('mirrors by registry, in their order', () => {
  const environment = { DEVENV_REGISTRY_MIRRORS: 'https://a.near, b.near:5000,ghcr.io=http://gh.near' };
  const said = (registry: string) => mirrorsOf(registry, environment).map((url) => url.origin);
  assert.equal(said('docker.io'), ['https://a.near', 'https://b.near:5000']);
  assert.equal(said('ghcr.io'), ['http://gh.near']);
  assert.equal(said('quay.io'), []);
});

hosts('proxies by the usual variables', () => {
  const environment = { HTTPS_PROXY: 'proxy:3128', no_proxy: '.internal,exact.org:8443' };
  const proxy = (url: string) => proxyFor(new URL(url), environment);
  assert.is(proxy('https://ghcr.io/v2/'), 'http://proxy:3128');
  assert.is(proxy('http://ghcr.io/v2/'), undefined);
  assert.is(proxy('https://a.internal/'), undefined);
  assert.is(proxy('https://exact.org:8443/'), undefined);
  assert.is(proxy('https://exact.org/'), 'http://proxy:3128');
  assert.is(proxy('https://127.0.0.1:5000/'), undefined);
});

hosts('challenges as registries write them', () => {
  const bearer = 'Bearer realm="https://auth.example/token",service="registry.example",scope="a:b:pull"';
  assert.equal(parseChallenge(bearer), {
    scheme: 'bearer',
    realm: 'https://auth.example/token',
    service: 'registry.example',
  });
  assert.equal(parseChallenge('Basic realm="x"'), { scheme: 'basic' });
  assert.equal(parseChallenge(undefined), { scheme: 'none' });
});

hosts.run();
