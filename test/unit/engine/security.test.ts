import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { completeHostConfig } from '../../../runtime/engine/complete-host-config.js';
import type { Engine } from '../../../runtime/engine/engine.js';
import { appArmorProfileOf } from '../../../runtime/engine/security.js';

const security = suite('security options');

security('a container on control groups v2 sees its own group, also when the client says nothing', () => {
  assert.is(completeHostConfig({}, 2).CgroupnsMode, 'private');
  assert.is(completeHostConfig({}, 1).CgroupnsMode, 'host');
  assert.is(completeHostConfig({ Privileged: true }, 2).CgroupnsMode, 'host');
});

security('the default AppArmor profile is for those that name none and are not privileged', async () => {
  const engine = { appArmorProfile: Promise.resolve('devenv-default') } as unknown as Engine;
  const profile = (host: Parameters<typeof completeHostConfig>[0]) =>
    appArmorProfileOf(engine, completeHostConfig(host, 2));
  assert.is(await profile({}), 'devenv-default');
  assert.is(await profile({ Privileged: true }), undefined);
  assert.is(await profile({ SecurityOpt: ['apparmor=unconfined'] }), undefined);
});

security.run();
