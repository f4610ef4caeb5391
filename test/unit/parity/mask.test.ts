import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { maskProject } from '../../../src/parity/mask.js';
import { project } from '../../support/projects.js';

const masking = suite('mask');

masking('secrets by their names and in addresses are hidden, the rest is as it was', () => {
  const build = { context: '/shop', args: { NPM_TOKEN: 't', MODE: 'x' } };
  const environment = { DB_PASSWORD: 'p', URL: 'pg://u:p@db/x', DEBUG: '1', API_KEY: null };
  const web = { image: 'web', environment, build };
  const { project: shown, hidden } = maskProject(project({ web }), { byName: true, secrets: [] });
  assert.is(hidden, 3);
  assert.equal(shown.services.web!.environment, {
    DB_PASSWORD: '(hidden)',
    URL: 'pg://u:(hidden)@db/x',
    DEBUG: '1',
    API_KEY: null,
  });
  assert.equal(shown.services.web!.build, { context: '/shop', args: { NPM_TOKEN: '(hidden)', MODE: 'x' } });
  assert.is(environment.DB_PASSWORD, 'p');
});

masking(
  'what a secret of the project says is hidden wherever it stands, and nothing else where no person looks',
  () => {
    const web = {
      image: 'web',
      command: ['sh', '-c', 'login --key=hunter2 hunter22'],
      environment: { DB_PASSWORD: 'other', URL: 'pg://u:hunter2@db/hunter2s', MODE: 'dev' },
      labels: { key: 'hunter2' },
      healthcheck: { test: ['CMD', 'ask', 'hunter2'] },
    };
    const { project: shown, hidden } = maskProject(project({ web }), { byName: false, secrets: ['hunter2', 'dev'] });
    assert.is(hidden, 4);
    const { command, environment, labels, healthcheck } = shown.services.web!;
    assert.equal(command, ['sh', '-c', 'login --key=(hidden) hunter22']);
    assert.equal(environment, { DB_PASSWORD: 'other', URL: 'pg://u:(hidden)@db/hunter2s', MODE: 'dev' });
    assert.equal([labels, healthcheck?.test], [{ key: '(hidden)' }, ['CMD', 'ask', '(hidden)']]);
  },
);

masking.run();
