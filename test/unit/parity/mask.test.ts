import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { maskProject } from '../../../src/parity/mask.js';
import { project } from '../../support/projects.js';

const masking = suite('mask');

masking('secrets by their names and in addresses are hidden, the rest is as it was', () => {
  const build = { context: '/shop', args: { NPM_TOKEN: 't', MODE: 'x' } };
  const environment = { DB_PASSWORD: 'p', URL: 'pg://u:p@db/x', DEBUG: '1', API_KEY: null };
  const web = { image: 'web', environment, build };
  const { project: shown, hidden } = maskProject(project({ web }));
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

masking.run();
