import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Project, Service } from '../../../../src/model/project.js';
import { lintProject } from '../../../../src/plan/lint/lint.js';
import type { LintContext } from '../../../../src/plan/lint/types.js';
import { loadFiles } from '../../config/support.js';

const lint = suite('lint');

function findings(yaml: string, more: Partial<LintContext> = {}, environmentName?: string): string[] {
  const loaded = loadFiles({ '/p/compose.yaml': yaml });
  const lines = yaml.split('\n');
  const project: Project = { ...loaded.project, environmentName };
  const written = (path: string) => {
    const place = loaded.locate(path);
    return place && lines[place.line - 1];
  };
  const context: LintContext = {
    project,
    written,
    imageHealthcheck: () => undefined,
    off: { all: new Set(), services: {} },
    ...more,
  };
  return lintProject(context).map(({ rule, service, path }) => `${rule} ${service}.${path}`);
}

const service = (text: string) => findings(`services:\n  a:\n    image: app:1\n${text.replace(/^/gm, '    ')}`);

const several: readonly [string, string[]][] = [
  ['command: supervisord -n', ['several-jobs a.command']],
  ['command: ["/usr/bin/s6-svscan", "/etc/s6"]', ['several-jobs a.command']],
  ['command: sh -c "pm2 start all"', ['several-jobs a.command']],
  ['entrypoint: ["sh", "-c", "redis-server & node api.js"]', ['several-jobs a.entrypoint']],
  ['command: sh -c "server & wait"', ['several-jobs a.command']],
  ['command: sh -c "a && b 2>&1 >log"', []],
  ['command: ["sh", "-c", "echo \'a & b\'; exec node x"]', []],
  ['command: ["node", "a & b"]', []],
  ['ports: ["80:80", "5432:5432"]', ['several-jobs a.ports']],
  ['ports: ["80:80", "443:443", "8080:8080"]', []],
];

for (const [text, expected] of several) lint(`several jobs: ${text}`, () => assert.equal(service(text), expected));

lint('several ports are one job of a program that has several', () => {
  assert.equal(findings('services: {mq: {image: "rabbitmq:3", ports: ["5672:5672", "80:80"]}}'), []);
});

const images: readonly [string, string[]][] = [
  ['image: nginx', ['latest a.image']],
  ['image: nginx:latest', ['latest a.image']],
  ['image: localhost:5000/nginx', ['latest a.image']],
  ['image: nginx:1.27', []],
  ['image: "nginx@sha256:0000000000000000000000000000000000000000000000000000000000000000"', []],
  ['{image: nginx, build: .}', []],
];

for (const [text, expected] of images) {
  lint(`latest: ${text}`, () => {
    const body = text.startsWith('{') ? ` ${text}` : `\n    ${text}`;
    assert.equal(findings(`services:\n  a:${body}\n`), expected);
  });
}

const waited = (db: string) => `services:
  api: {image: "a:1", depends_on: {db: {condition: service_healthy}}}
  db: ${db}
`;

lint('a healthcheck that is waited for and missing', () => {
  assert.equal(findings(waited('{image: "a:1"}')), ['missing-healthcheck db.healthcheck']);
  assert.equal(findings(waited('{image: "a:1", healthcheck: {disable: true}}')), [
    'missing-healthcheck db.healthcheck',
  ]);
  assert.equal(findings(waited('{image: "a:1", healthcheck: {test: [CMD, "true"]}}')), []);
  assert.equal(findings(waited('{build: .}'), { imageHealthcheck: (one: Service) => Boolean(one.build) }), []);
});

const secrets: readonly [string, string[]][] = [
  ['DB_PASSWORD: hunter2', ['plain-secret a.environment.DB_PASSWORD']],
  ['AWS_SECRET_ACCESS_KEY: x', ['plain-secret a.environment.AWS_SECRET_ACCESS_KEY']],
  ['API_KEY: x', ['plain-secret a.environment.API_KEY']],
  ['DB_PASSWORD: ${DB_PASSWORD}', []],
  ['DB_PASSWORD_FILE: /run/secrets/db', []],
  ['TOKEN_URL: http://x', []],
  ['PWD: /app', []],
  ['KEYBOARD: de', []],
  ['PASSWORD: ""', []],
];

for (const [text, expected] of secrets) {
  lint(`plain secret: ${text}`, () => assert.equal(service(`environment:\n  ${text}`), expected));
}

const databases: readonly [string, string[]][] = [
  ['{image: "postgres:16"}', ['database-without-volume db.volumes']],
  ['{image: "bitnami/mysql:8", volumes: ["/var/lib/mysql"]}', ['database-without-volume db.volumes']],
  ['{image: "postgres:16", volumes: ["data:/var/lib/postgresql/data"]}', []],
  ['{image: "postgres:16", volumes: ["./pg:/var/lib/postgresql"]}', []],
  ['{image: "mongo:7", tmpfs: [/data/db]}', []],
  ['{image: "redis:7"}', []],
];

for (const [text, expected] of databases) {
  lint(`database: ${text}`, () => {
    assert.equal(findings(`services: {db: ${text}}\nvolumes: {data: {}}\n`), expected);
  });
}

lint('a folder over the image, in production alone', () => {
  const yaml =
    'services: {a: {image: "a:1", volumes: ["./src:/app", "/var/run/docker.sock:/s", "d:/d"]}}\nvolumes: {d: {}}\n';
  assert.equal(findings(yaml, {}, 'prod'), ['bind-over-image a.volumes.0']);
  assert.equal(findings(yaml, {}, 'dev'), []);
});

lint('rules are switched off for all and for one', () => {
  const yaml = 'services: {a: {image: a}, b: {image: b}}';
  assert.equal(findings(yaml, { off: { all: new Set(['latest']), services: {} } }), []);
  assert.equal(findings(yaml, { off: { all: new Set(), services: { a: new Set(['all']) } } }), ['latest b.image']);
});

lint.run();
