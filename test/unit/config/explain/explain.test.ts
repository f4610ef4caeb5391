import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { explainPath } from '../../../../src/config/explain/explain.js';
import { filesReader, mistakes } from '../support.js';

const explain = suite('config --explain');

const files = {
  '/p/compose.yaml': `include: [sub/inc.yaml]
services:
  base:
    image: "app:\${TAG:-1}"
    environment: {DEBUG: "0", ONLY: base}
  api:
    extends: base
    env_file: [api.env]
    command: run it
    environment:
      - DEBUG=1
      - MODE=\${MODE}
    ports: ["80:80"]
`,
  '/p/compose.override.yaml': `services:
  api:
    environment: {DEBUG: "2"}
    ports: !override ["90:80"]
    dns: !reset null
`,
  '/p/sub/inc.yaml': 'services: {db: {image: "db:1"}}\n',
  '/p/.env': '# first\nMODE=fast\n',
  '/p/api.env': 'DEBUG=9\nFROM_FILE=1\n',
};

function layers(path: string, env: Record<string, string> = {}): string[] {
  const request = { cwd: '/p', files: [], envFiles: [], profiles: [], env };
  const { value, layers } = explainPath(request, path, filesReader(files));
  const shown = layers.map(({ value, location, variables }) => {
    const used = variables.map((one) => ` ${one.name}<-${one.from}`).join('');
    return `${location?.file}:${location?.line} ${JSON.stringify(value)}${used}`;
  });
  return [JSON.stringify(value), ...shown];
}

explain('tells each layer, the last word first', () => {
  assert.equal(layers('services.api.environment.DEBUG'), [
    '"2"',
    '/p/compose.override.yaml:3 "2"',
    '/p/compose.yaml:11 "1"',
    '/p/compose.yaml:5 "0"',
    '/p/api.env:1 "9"',
  ]);
});

explain('goes through extends', () => {
  assert.equal(layers('services.api.environment.ONLY'), ['"base"', '/p/compose.yaml:5 "base"']);
});

explain('goes through includes', () => {
  assert.equal(layers('services.db.image'), ['"db:1"', '/p/sub/inc.yaml:1 "db:1"']);
});

explain('names who set a variable', () => {
  assert.equal(layers('services.api.environment.MODE'), ['"fast"', '/p/compose.yaml:12 "fast" MODE<-/p/.env:2']);
  assert.equal(layers('services.api.environment.MODE', { MODE: 'slow' }), [
    '"slow"',
    '/p/compose.yaml:12 "slow" MODE<-from the shell',
  ]);
  assert.equal(layers('services.api.image'), ['"app:1"', '/p/compose.yaml:4 "app:1" TAG<-its default is taken']);
});

explain('what only an env file says', () => {
  assert.equal(layers('services.api.environment.FROM_FILE'), ['"1"', '/p/api.env:2 "1"']);
});

explain('what !override replaced', () => {
  const request = { cwd: '/p', files: [], envFiles: [], profiles: [], env: {} };
  const { layers, below } = explainPath(request, 'services.api.ports', filesReader(files));
  assert.equal(
    layers.map(({ location }) => `${location?.file}:${location?.line}`),
    ['/p/compose.yaml:13'],
  );
  assert.equal(below.length, 1);
  assert.is(below[0]!.below.find(({ path }) => path.endsWith('.published'))?.value, '90');
});

explain('a default that no file says', () => {
  assert.equal(layers('services.api.networks.default'), ['null']);
});

explain('indexes in brackets', () => {
  assert.equal(layers('services.api.ports[0].target'), ['80', '/p/compose.override.yaml:4 80']);
});

explain('refuses what is not there, with the nearest that is', () => {
  const request = { cwd: '/p', files: [], envFiles: [], profiles: [], env: {} };
  const wrong = () => explainPath(request, 'services.api.enviroment', filesReader(files));
  assert.equal(mistakes(wrong), ['no-such-path']);
  try {
    wrong();
  } catch (error) {
    assert.match((error as { nextSteps: string[] }).nextSteps[0]!, 'services.api.environment');
  }
});

explain.run();
