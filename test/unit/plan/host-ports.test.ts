import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { portKey, portVariables } from '../../../src/model/host-ports.js';
import { candidates, wantedPorts } from '../../../src/plan/host-ports.js';
import { project } from '../../support/projects.js';

const ports = suite('plan host ports');

const open = (target: number, protocol = 'tcp') => ({ mode: 'ingress', target, protocol });
const first = (folder: string, key: string) => candidates({ name: 'shop', workingDir: folder }, key).next().value;

ports('are the same for a project in its folder, and others for another checkout', () => {
  assert.is(first('/a', 'web.1.80/tcp'), first('/a', 'web.1.80/tcp'));
  assert.is.not(first('/a', 'web.1.80/tcp'), first('/b', 'web.1.80/tcp'));
  assert.is.not(first('/a', 'web.1.80/tcp'), first('/a', 'web.2.80/tcp'));
});

ports('stay below those that the kernel hands out, and every one comes once', () => {
  const all = [...candidates({ name: 'shop', workingDir: '/a' }, 'k')];
  assert.is(new Set(all).size, 12_000);
  assert.ok(all.every((port) => port >= 20_000 && port < 32_000));
});

ports('of the same number are told apart by their place', () => {
  const two = [open(80), open(80), open(80, 'udp')];
  assert.equal(
    two.map((_, index) => portKey('web', 1, two, index)),
    ['web.1.80/tcp', 'web.1.80/tcp#1', 'web.1.80/udp'],
  );
});

ports('are wanted by what is made and by the first of each service', () => {
  const of = project({ web: { ports: [open(80)] } });
  assert.equal(
    wantedPorts(of, { steps: [] }).map(({ key }) => key),
    ['web.1.80/tcp'],
  );
});

ports('are told in variables, fixed ones too, ranges not', () => {
  const of = project({
    'my-web': { ports: [open(80)] },
    db: { ports: [{ ...open(5432), published: '15432' }] },
    many: { ports: [{ ...open(90), published: '9000-9010' }] },
  });
  assert.equal(portVariables(of, { 'my-web.1.80/tcp': 23456 }), {
    DEVENV_PORT_MY_WEB_80: '23456',
    DEVENV_PORT_DB_5432: '15432',
  });
});

ports.run();
