import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { findBuildx, queryArguments } from '../../../src/apply/buildx.js';
import type { EngineClient } from '../../../src/engine/client.js';

const buildx = suite('builds by docker buildx');

buildx('has a flag for each parameter that BuildKit takes', () => {
  const words = queryArguments({
    t: 'shop-web',
    target: 'prod',
    buildargs: { A: '1', B: null },
    labels: { one: '1' },
    networkmode: 'host',
    nocache: true,
    pull: '1',
    extrahosts: 'db:10.0.0.1,v6:::1',
    shmsize: 1024,
    platform: 'linux/amd64',
    contexts: { base: 'docker-image://shop-base' },
    ssh: { default: '/agent' },
    nocachefilter: 'a,b',
    ulimits: [{ Name: 'nofile', Soft: 1, Hard: 2 }],
    cachefrom: ['type=local,src=/c'],
    entitlements: ['network.host'],
    provenance: 'max',
    sbom: true,
    annotations: ['index:a=b'],
    rm: true,
    version: '1',
  });
  assert.is(
    words.join(' '),
    '--tag shop-web --target prod --build-arg A=1 --label one=1 --network host --no-cache --pull' +
      ' --add-host db=10.0.0.1 --add-host v6=::1 --shm-size 1024 --platform linux/amd64' +
      ' --build-context base=docker-image://shop-base --ssh default=/agent --no-cache-filter a,b --ulimit nofile=1:2' +
      ' --cache-from type=local,src=/c --allow network.host --provenance mode=max --sbom true --annotation index:a=b',
  );
});

buildx('leaves out what is not set', () => {
  assert.equal(queryArguments({ target: undefined, nocache: undefined, platform: '', labels: {} }), []);
});

buildx('is for engines that are not ours', async () => {
  const own = { own: true } as unknown as EngineClient;
  assert.is(await findBuildx(own, { HOME: '/root' }), undefined);
  const other = { own: false } as unknown as EngineClient;
  assert.is(await findBuildx(other, { DOCKER_BUILDKIT: '0' }), undefined);
});

buildx.run();
