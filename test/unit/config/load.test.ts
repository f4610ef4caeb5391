import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { hashService } from '../../../src/plan/hash.js';
import { loadFiles, mistakes } from './support.js';

const loading = suite('loading a project');
const WEB = 'services:\n  web:\n    image: "web:${TAG:-none}"\n';

loading('the name is what -p says, else the variable, else the file, else the folder', () => {
  const files = { '/p/My App/compose.yaml': `name: in-file\n${WEB}`, '/p/My App/plain.yaml': WEB };
  const nameOf = (request: object) => loadFiles(files, { cwd: '/p/My App', ...request }).project.name;
  assert.is(nameOf({ projectName: 'flag', env: { COMPOSE_PROJECT_NAME: 'variable' } }), 'flag');
  assert.is(nameOf({ env: { COMPOSE_PROJECT_NAME: 'variable' } }), 'variable');
  assert.is(nameOf({}), 'in-file');
  assert.is(nameOf({ files: ['plain.yaml'] }), 'myapp');
});

loading('two services may want one container name as long as only one of them is asked for', () => {
  const service = '{image: i, container_name: one}';
  const files = { '/p/compose.yaml': `services: {a: ${service}, b: ${service}}\n` };
  assert.equal(
    mistakes(() => loadFiles(files)),
    ['duplicate-container-name 1:62'],
  );
  assert.equal(Object.keys(loadFiles(files, { services: ['a'] }).project.services), ['a']);
  assert.is(loadFiles(files, { options: { noServiceFiles: true } }).project.services.b?.container_name, 'one');
});

loading('standard input is a config of the working directory', () => {
  const { project } = loadFiles({ '-': 'services: {web: {image: i, build: ./x}}\n' }, { files: ['-'] });
  assert.is(project.workingDir, '/p');
  assert.is(project.services.web?.build?.context, '/p/x');
});

loading('COMPOSE_FILE in .env names the files, and .env beside it is read as well', () => {
  const files = {
    '/p/.env': 'COMPOSE_FILE=sub/a.yaml:sub/b.yaml\nTAG=outer\n',
    '/p/sub/.env': 'TAG=inner\nMORE=1\n',
    '/p/sub/a.yaml': WEB,
    '/p/sub/b.yaml': 'services: {web: {environment: [MORE]}}\n',
  };
  const { project } = loadFiles(files);
  assert.equal(project.configFiles, ['/p/sub/a.yaml', '/p/sub/b.yaml']);
  assert.equal(project.envFiles, ['/p/.env', '/p/sub/.env']);
  assert.is(project.services.web?.image, 'web:outer');
  assert.equal({ ...project.services.web?.environment }, { MORE: '1' });
});

loading('the shell wins over --env-file, a later --env-file over an earlier, and .env is not read then', () => {
  const files = { '/p/compose.yaml': WEB, '/p/.env': 'TAG=dotenv\n', '/p/x.env': 'TAG=x\n', '/p/y.env': 'TAG=y\n' };
  const imageOf = (request: object) => loadFiles(files, request).project.services.web?.image;
  assert.is(imageOf({}), 'web:dotenv');
  assert.is(imageOf({ envFiles: ['x.env', 'y.env'] }), 'web:y');
  assert.is(imageOf({ envFiles: ['x.env'], env: { TAG: 'shell' } }), 'web:shell');
  assert.is(imageOf({ env: { COMPOSE_DISABLE_ENV_FILE: '1' } }), 'web:none');
  assert.equal(
    mistakes(() => imageOf({ envFiles: ['gone.env'] })),
    ['no-such-file'],
  );
});

loading('a value can be found again in the files, through merges and short forms', () => {
  const files = {
    '/p/compose.yaml':
      'services:\n  db.main:\n    image: i\n    ports:\n      - "80:80"\n    environment:\n      A: 1\n',
    '/p/compose.override.yaml': 'services:\n  db.main:\n    environment: [A=2]\n',
  };
  const { locate } = loadFiles(files);
  const place = (path: string) => {
    const at = locate(path);
    return at && `${at.file}:${at.line}:${at.column}`;
  };
  assert.is(place('services.db.main.ports.0'), '/p/compose.yaml:5:9');
  assert.is(place('services.db.main.environment.A'), '/p/compose.override.yaml:3:19');
  assert.is(place('services.db.main.networks.default'), undefined);
  assert.is(place('services.gone'), undefined);
});

loading('services that take no part are named, and need no files', () => {
  const { project } = loadFiles({
    '/p/compose.yaml': `${WEB}  debug: {image: d, profiles: [debug], env_file: gone.env}\n`,
  });
  assert.equal(Object.keys(project.services), ['web']);
  assert.equal(project.disabledServices, ['debug']);
});

loading('a service knows its name', () => {
  assert.is(loadFiles({ '/p/compose.yaml': WEB }).project.services.web?.name, 'web');
});

loading('the hash of a service is the one that docker compose 2.40 puts on its containers', () => {
  const { project } = loadFiles({
    '/p/compose.yaml':
      'name: hh\nservices:\n  a: {image: i, scale: 1, build: ., depends_on: [b]}\n  b: {image: i, x-note: 1}\n',
  });
  const hash = 'b5503d15e9dfd8640ebae91969f22360eac34b863c420e1f1dfaa304737b96ce';
  assert.is(hashService(project, project.services.a!).whole, hash);
  assert.is(hashService(project, project.services.b!).whole, hash);
});

loading('mistakes of several files come together', () => {
  const files = {
    '/p/compose.yaml': 'services:\n  web: {imag: i}\n',
    '/p/compose.override.yaml': 'services:\n  web: {prots: []}\n',
  };
  assert.equal(
    mistakes(() => loadFiles(files)),
    ['unknown-key 2:9', 'unknown-key 2:9'],
  );
});

loading('thirty services load in well under 50 ms of the processor', () => {
  const service = (n: number) =>
    `  s${n}:\n    image: "i:\${TAG:-1}"\n    build: {context: ., args: [A=1]}\n    ports: ["${8000 + n}:80"]\n    volumes: ["v:/vv", "./src:/app:ro"]\n    environment: {A: 1, B: two}\n    healthcheck: {test: [CMD, x], interval: 10s}\n`;
  const text = `services:\n${Array.from({ length: 30 }, (_, n) => service(n)).join('')}`;
  const times = Array.from({ length: 7 }, () => {
    const start = process.cpuUsage();
    loadFiles({ '/p/compose.yaml': text });
    const { user, system } = process.cpuUsage(start);
    return (user + system) / 1000;
  });
  assert.ok(Math.min(...times) < 50, `the best of ${times.map((ms) => ms.toFixed(1)).join(', ')} ms`);
});

loading('secrets and configs of an included file take their values from its own variables', () => {
  const { project } = loadFiles(
    {
      '/p/compose.yaml': 'include: [{path: sub/compose.yaml, env_file: own.env}]\nservices: {}\n',
      '/p/own.env': 'TOKEN=theirs\nNOTE=read\nOURS=no\n',
      '/p/sub/compose.yaml':
        'services: {a: {image: a, secrets: [s, o], configs: [c]}}\nsecrets: {s: {environment: TOKEN}, o: {environment: OURS}}\nconfigs: {c: {environment: NOTE}}\n',
    },
    { env: { OURS: 'yes' } },
  );
  assert.equal(project.includedValues, { 'secrets.s': 'theirs', 'secrets.o': 'yes', 'configs.c': 'read' });
});

loading('env files of services may be gone where nobody reads them', () => {
  const files = { '/p/compose.yaml': 'services:\n  web:\n    image: a\n    env_file: gone.env\n' };
  assert.is(mistakes(() => loadFiles(files)).length, 1);
  assert.is(loadFiles(files, { options: { noServiceFiles: true } }).project.services.web?.image, 'a');
});

loading.run();
