import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { ContainerSummary } from '../../../src/engine/answers.js';
import { decodeContainer, decodeNetwork } from '../../../src/observe/decode.js';

const decode = suite('observe decode');

const summary = (more: Partial<ContainerSummary> = {}): ContainerSummary => ({
  Id: 'abc',
  Names: ['/other/alias', '/shop-web-2'],
  Image: 'web:1',
  ImageID: 'sha256:1',
  Command: 'sleep 1',
  Created: 5,
  State: 'running',
  Status: 'Up 3 minutes',
  Labels: {
    'com.docker.compose.service': 'web',
    'com.docker.compose.container-number': '2',
    'com.docker.compose.oneoff': 'False',
    'com.docker.compose.config-hash': 'h',
    'dev.devenv.config-parts': '{"image":"1"}',
  },
  Ports: null,
  ...more,
});

decode('reads what labels say', () => {
  const container = decodeContainer(summary());
  assert.is(container.name, 'shop-web-2');
  assert.is(container.service, 'web');
  assert.is(container.replica, 2);
  assert.is(container.oneOff, false);
  assert.equal(container.configParts, { image: '1' });
});

decode('reads health and exit code in the status', () => {
  const health = (Status: string) => decodeContainer(summary({ Status })).health;
  assert.is(health('Up 2 minutes (healthy)'), 'healthy');
  assert.is(health('Up 2 minutes (unhealthy)'), 'unhealthy');
  assert.is(health('Up 1 second (health: starting)'), 'starting');
  assert.is(health('Up 2 minutes'), undefined);
  assert.is(decodeContainer(summary({ State: 'exited', Status: 'Exited (137) 2 hours ago' })).exitCode, 137);
});

decode('bears what another tool or an older engine leaves out', () => {
  const bare = decodeContainer(summary({ Labels: null, Names: ['/x'], State: 'Unknown' }));
  assert.is(bare.service, '');
  assert.is(bare.configParts, undefined);
  assert.is(bare.state, 'dead');
  const broken = decodeContainer(summary({ Labels: { 'dev.devenv.config-parts': '{' } }));
  assert.is(broken.configParts, undefined);
});

decode("takes a network's hash from Compose's label", () => {
  const Labels = { 'com.docker.compose.config-hash': 'theirs', 'com.docker.compose.network': 'default' };
  const network = decodeNetwork({ Id: '1', Name: 'n', Driver: 'bridge', Labels });
  assert.is(network.configHash, 'theirs');
  assert.is(network.key, 'default');
});

decode.run();
