import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { renderConfig, secretsOf } from '../../../../src/flows/init/render.js';
import type { Repo } from '../../../../src/flows/init/repo.js';
import { parseLooseJson, sourcesIn } from '../../../../src/flows/init/sources.js';
import { loadFiles } from '../../config/support.js';

const init = suite('init');

function repoOf(files: Readonly<Record<string, string>>): Repo {
  const below = (folder: string) => {
    const prefix = folder === '.' || folder === '' ? '' : `${folder.replace(/^\.\//, '')}/`;
    return Object.keys(files)
      .filter((file) => file.startsWith(prefix))
      .map((file) => file.slice(prefix.length));
  };
  return {
    read: (file) => files[file.replace(/^\.\//, '')],
    files: (folder = '.') => below(folder).filter((file) => !file.includes('/')),
    folders: (folder = '.') => [
      ...new Set(
        below(folder)
          .filter((file) => file.includes('/'))
          .map((file) => file.split('/')[0]!),
      ),
    ],
  };
}

/** What devenv reads of what it wrote: the text has to be right as a config. */
function made(files: Readonly<Record<string, string>>) {
  const [source] = sourcesIn(repoOf(files), 'shop');
  const draft = source!.draft();
  const text = renderConfig('shop', draft);
  const secrets = Object.entries(secretsOf(draft)).map(([key, value]) => `${key}=${value}\n`);
  const { project, warnings } = loadFiles({
    ...files,
    ...prefixed(files),
    '/p/devenv.yml': text,
    '/p/.env': secrets.join(''),
  });
  assert.equal(warnings, []);
  return { text, project, draft, files: draft.files };
}

const prefixed = (files: Readonly<Record<string, string>>) =>
  Object.fromEntries(Object.entries(files).map(([name, text]) => [`/p/${name}`, text]));

/** `name:port[database…]` */
const services = (files: Readonly<Record<string, string>>) =>
  Object.values(made(files).project.services).map(
    ({ name, ports, image, depends_on }) =>
      `${name}${ports?.[0] ? `:${ports[0].target}` : ''}${image ? `=${image}` : ''}${depends_on ? `<${Object.keys(depends_on)}` : ''}`,
  );

const programs: readonly [string, Record<string, string>, string[], RegExp][] = [
  [
    'Express with PostgreSQL and Redis',
    {
      'package.json':
        '{"scripts": {"start": "node server.js"}, "dependencies": {"express": "4", "pg": "8", "ioredis": "5"}}',
      'package-lock.json': '{}',
    },
    ['app:3000<cache,db', 'cache=redis:7', 'db=postgres:17'],
    /npm ci[\s\S]*CMD \["npm", "start"\]/,
  ],
  [
    'Vite',
    { 'package.json': '{"scripts": {"dev": "vite"}, "devDependencies": {"vite": "5"}}' },
    ['app:5173'],
    /npm install[\s\S]*"--host", "0\.0\.0\.0"/,
  ],
  [
    'pnpm',
    { 'package.json': '{"scripts": {"start": "x"}}', 'pnpm-lock.yaml': '' },
    ['app:3000'],
    /pnpm install --frozen-lockfile/,
  ],
  [
    'Flask with MySQL',
    { 'requirements.txt': 'Flask==3.0\nPyMySQL>=1\n', 'app.py': '' },
    ['app:8000<mysql', 'mysql=mysql:8.4'],
    /"--app", "app", "run"/,
  ],
  [
    'Django by pyproject',
    { 'pyproject.toml': '[project]\ndependencies = ["django>=5", "psycopg[binary]"]\n', 'manage.py': '' },
    ['app:8000<db', 'db=postgres:17'],
    /runserver/,
  ],
  [
    'FastAPI',
    { 'requirements.txt': 'fastapi\nuvicorn[standard]\n', 'main.py': '' },
    ['app:8000'],
    /uvicorn", "main:app"/,
  ],
  [
    'a Python worker has no port',
    { 'requirements.txt': 'pika\n', 'main.py': '' },
    ['app<queue', 'queue=rabbitmq:4'],
    /"python", "main\.py"/,
  ],
  [
    'Rails',
    { Gemfile: "gem 'rails'\ngem \"pg\"\ngem 'sidekiq'\n" },
    ['app:3000<cache,db', 'cache=redis:7', 'db=postgres:17'],
    /bin\/rails/,
  ],
  [
    'Go',
    {
      'go.mod': 'module x\n\nrequire (\n\tgithub.com/jackc/pgx/v5 v5.5.0\n\tgithub.com/redis/go-redis/v9 v9.0.0\n)\n',
      'cmd/server/main.go': '',
    },
    ['app:8080<cache,db', 'cache=redis:7', 'db=postgres:17'],
    /go build .*\.\/cmd\/server/,
  ],
  [
    'Rust',
    { 'Cargo.toml': '[package]\nname = "shop"\n[dependencies]\nmongodb = "3"\n' },
    ['app:8080<mongo', 'mongo=mongo:8'],
    /release\/shop/,
  ],
  [
    'Spring Boot',
    { 'pom.xml': '<artifactId>spring-boot-starter-web</artifactId><artifactId>postgresql</artifactId>' },
    ['app:8080<db', 'db=postgres:17'],
    /mvn -q package/,
  ],
  [
    'PHP',
    { 'composer.json': '{"require": {"php": "^8", "predis/predis": "2"}}' },
    ['app:8000<cache', 'cache=redis:7'],
    /composer install/,
  ],
];

for (const [name, files, expected, dockerfile] of programs) {
  init(name, () => {
    assert.equal(services(files), expected);
    assert.match(made(files).files.Dockerfile!, dockerfile);
  });
}

init('a Dockerfile that is there is used, and no other written', () => {
  const files = { 'package.json': '{"scripts": {"start": "x"}}', Dockerfile: 'FROM x\nEXPOSE 4000\n' };
  assert.equal(services(files), ['app:4000']);
  assert.equal(made(files).files, {});
  assert.equal(services({ Dockerfile: 'FROM x\nEXPOSE 99\n' }), ['shop:99']);
});

init('programs in folders become a service each', () => {
  const files = {
    'frontend/package.json': '{"scripts": {"dev": "vite"}, "devDependencies": {"vite": "5"}}',
    'backend/requirements.txt': 'flask\nredis\n',
    'docs/package.json': '{"scripts": {"start": "x"}}',
  };
  assert.equal(services(files), ['backend:8000<cache', 'cache=redis:7', 'frontend:5173']);
  assert.equal(Object.keys(made(files).files).sort(), [
    'backend/.dockerignore',
    'backend/Dockerfile',
    'frontend/.dockerignore',
    'frontend/Dockerfile',
  ]);
});

init('a Procfile: a service a line', () => {
  const files = {
    Procfile: 'web: gunicorn app:app --bind 0.0.0.0:$PORT\nworker: celery -A app worker\nrelease: ./migrate\n',
    'requirements.txt': 'flask\nredis\ngunicorn\n',
  };
  const { project, draft } = made(files);
  assert.equal(services(files), ['cache=redis:7', 'web:8000<cache', 'worker<cache']);
  assert.equal(project.services.web?.command, ['sh', '-c', 'gunicorn app:app --bind 0.0.0.0:$PORT']);
  assert.match(draft.notes.join(), './migrate');
});

init('a Compose file goes on as it is, its override as dev', () => {
  const files = {
    'compose.yaml': '# ours\nservices:\n  web: {image: "web:1", environment: {A: "1"}}\n',
    'compose.override.yaml': 'services:\n  web: {environment: {A: "2"}}\n',
    'package.json': '{}',
  };
  const { text, project } = made(files);
  assert.match(text, '# ours');
  assert.is(project.services.web?.environment?.A, '2');
});

init('a devcontainer: image, ports and variables; comments are read over', () => {
  const files = {
    '.devcontainer/devcontainer.json':
      '{\n // the image\n "image": "mcr.microsoft.com/x:1", /* y */ "forwardPorts": [3000, "db:5432"], "containerEnv": {"A": "//b"},\n}',
  };
  const { project } = made(files);
  assert.equal(services(files), ['app:3000=mcr.microsoft.com/x:1']);
  assert.equal({ ...project.services.app?.environment }, { A: '//b' });
  assert.equal(parseLooseJson('{"a": [1, 2,], "b": "x,]",}'), { a: [1, 2], b: 'x,]' });
});

init('a devcontainer with a Dockerfile, or with Compose files', () => {
  const build = made({ '.devcontainer/devcontainer.json': '{"build": {"dockerfile": "Dockerfile", "context": ".."}}' });
  assert.equal(build.project.services.app?.build?.context, '/p');
  assert.equal(build.project.services.app?.build?.dockerfile, '.devcontainer/Dockerfile');
  const compose = made({
    '.devcontainer/devcontainer.json': '{"dockerComposeFile": "../stack.yml", "service": "a"}',
    'stack.yml': 'services: {a: {image: "a:1"}}\n',
  });
  assert.equal(Object.keys(compose.project.services), ['a']);
});

init('nothing to go by', () => assert.equal(sourcesIn(repoOf({ 'README.md': '' }), 'shop'), []));

init.run();
