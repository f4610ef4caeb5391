/** `diff --against`: what is written here beside what really runs elsewhere, down to the packages of images. */
import { createHash } from 'node:crypto';
import { chmod, mkdir } from 'node:fs/promises';
import http from 'node:http';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { busyboxDockerfile, freePort, makeProject, type TestProject, writeBusyboxRoot } from '../support/project.js';

const story = suite<{ project: TestProject; port: number }>('diff');

const image = (version: string) => `${busyboxDockerfile}COPY ${version}/status /var/lib/dpkg/status\n`;
const dpkg = (packages: Readonly<Record<string, string>>) =>
  Object.entries(packages)
    .map(([name, version]) => `Package: ${name}\nStatus: install ok installed\nVersion: ${version}\n\n`)
    .join('');

const config = (port: number) => `
name: shop
services:
  api:
    image: shop-api:new
    build: {context: ., dockerfile: new/Dockerfile}
    command: ["sh", "-c", "while :; do sleep 0.1; done"]
    stop_signal: SIGKILL
    user: "1000"
    ports: ["${port}:80"]
    restart: always
    environment: {MODE: production, LEVEL: info, TOKEN: here}
    healthcheck: {test: "test -e /bin"}
    mem_limit: 64m
  db: {image: "shop-api:new", command: ["sleep", "1000"], stop_signal: SIGKILL, volumes: ["data:/data"]}
volumes: {data: {}}
environments: {dev: {}, prod: {}}
`;

story.before(async (context) => {
  const port = await freePort();
  const project = await makeProject({
    'devenv.yml': config(port),
    'make.yml': 'services: {api: {image: "shop-api:old", build: {context: ., dockerfile: old/Dockerfile}}}\n',
    'new/Dockerfile': image('new'),
    'old/Dockerfile': image('old'),
    'new/status': dpkg({ libc6: '2.36-9', openssl: '3.0.17', zlib1g: '1.2.13' }),
    'old/status': dpkg({ libc6: '2.36-9', openssl: '3.0.11', curl: '7.88' }),
  });
  Object.assign(context, { project, port });
  await writeBusyboxRoot(project.folder);
  for (const args of [['build'], ['-f', 'make.yml', 'build']]) {
    const { code, output } = await project.devenv(...args);
    assert.is(code, 0, output);
  }
});

story.after(({ project }) => project.remove());

interface Row {
  readonly service: string;
  readonly aspect: string;
  readonly what: string;
  readonly left: string | null;
  readonly right: string | null;
}

async function compare(project: TestProject, ...args: string[]): Promise<{ rows: string[]; same: string[] }> {
  const { stdout, output } = await project.devenv('diff', ...args, '--format', 'json');
  assert.ok(stdout.startsWith('{'), output);
  const { differences, same } = JSON.parse(stdout) as { differences: Row[]; same: Record<string, string[]> };
  return {
    rows: differences.map((one) => `${one.aspect} ${one.service} ${one.what}: ${one.left} | ${one.right}`),
    same: same.api ?? [],
  };
}

const digest = `sha256:${createHash('sha256').update('old').digest('hex')}`;

/** As `kubectl get … -o json` answers: a list of items, each with its kind. */
function cluster(published: number): object {
  const container = {
    name: 'api',
    image: 'shop-api:old',
    args: ['sh', '-c', 'while :; do sleep 0.1; done'],
    envFrom: [{ configMapRef: { name: 'settings' } }, { secretRef: { name: 'keys' } }],
    env: [{ name: 'TOKEN', valueFrom: { secretKeyRef: { name: 'keys', key: 'token' } } }],
    ports: [{ name: 'web', containerPort: 80, protocol: 'TCP' }],
    readinessProbe: { exec: { command: ['/bin/sh', '-c', 'test -e /bin'] } },
    resources: { limits: { memory: '128Mi' } },
    volumeMounts: [{ name: 'conf', mountPath: '/etc/shop', readOnly: true }],
  };
  const pod = {
    containers: [container],
    restartPolicy: 'Always',
    securityContext: { runAsUser: 1000 },
    volumes: [{ name: 'conf', configMap: { name: 'settings' } }],
  };
  const labels = { app: 'api' };
  return {
    kind: 'List',
    apiVersion: 'v1',
    items: [
      {
        kind: 'Deployment',
        apiVersion: 'apps/v1',
        metadata: { name: 'api', namespace: 'shop' },
        spec: { replicas: 3, selector: { matchLabels: labels }, template: { metadata: { labels }, spec: pod } },
      },
      {
        kind: 'Pod',
        apiVersion: 'v1',
        metadata: { name: 'api-5d4-x', labels },
        spec: pod,
        status: { containerStatuses: [{ name: 'api', imageID: `docker.io/library/shop-api@${digest}` }] },
      },
      {
        kind: 'Service',
        apiVersion: 'v1',
        metadata: { name: 'api' },
        spec: {
          type: 'LoadBalancer',
          selector: labels,
          ports: [{ port: published, targetPort: 'web', protocol: 'TCP' }],
        },
      },
      {
        kind: 'ConfigMap',
        apiVersion: 'v1',
        metadata: { name: 'settings' },
        data: { MODE: 'production', LEVEL: 'debug' },
      },
    ],
  };
}

story(
  'a cluster: image down to its packages, then what matters less; what is the same is not told',
  async (context) => {
    const { project, port } = context;
    await project.write({
      'bin/kubectl': `#!/bin/sh\necho "$@" > ${project.folder}/asked\ncat ${project.folder}/cluster.json\n`,
      'cluster.json': JSON.stringify(cluster(port)),
    });
    await chmod(path.join(project.folder, 'bin/kubectl'), 0o755);
    project.env.PATH = `${project.folder}/bin:${process.env.PATH}`;
    const { rows, same } = await compare(project, 'prod', '--against', 'k8s:shop');
    assert.equal(rows, [
      'service db : there | null',
      'image api name: shop-api:new | shop-api:old',
      'packages api curl: null | 7.88',
      'packages api openssl: 3.0.17 | 3.0.11',
      'packages api zlib1g: 1.2.13 | null',
      'environment api LEVEL: info | debug',
      'mounts api /etc/shop config read-only: null | /etc/shop config read-only',
      'limits api memory: 67108864 | 134217728',
      'replicas api : 1 | 3',
    ]);
    assert.equal(same, ['command', 'user', 'privileges', 'health', 'ports', 'restart']);
    const against = ['diff', 'prod', '--against', 'k8s:shop', '--fail-on'];
    assert.is((await project.devenv(...against, 'user,command')).code, 0);
    assert.is((await project.devenv(...against, 'user,packages')).code, 1);
  },
);

story('a cluster that cannot be asked is told with what it said', async ({ project }) => {
  await project.write({ 'bin/kubectl': '#!/bin/sh\necho "error: You must be logged in to the server" >&2\nexit 1\n' });
  const { code, stderr } = await project.devenv('diff', 'prod', '--against', 'k8s:shop');
  assert.is(code, 1);
  assert.match(stderr, 'The cluster could not be asked: error: You must be logged in to the server');
});

/** A manager of a swarm, by what the Engine API says of services. */
async function withSwarm(folder: string, services: object, use: (address: string) => Promise<void>): Promise<void> {
  const socket = path.join(folder, 'swarm.sock');
  const asked: string[] = [];
  const server = http.createServer((request, response) => {
    asked.push(request.url ?? '');
    const isServices = /\/services\?/.test(request.url ?? '');
    response.setHeader('api-version', '1.51').setHeader('content-type', 'application/json');
    response.end(isServices ? JSON.stringify(services) : JSON.stringify({ ApiVersion: '1.51', MinAPIVersion: '1.24' }));
  });
  await new Promise<void>((resolve) => server.listen(socket, resolve));
  try {
    await use(`unix://${socket}`);
    assert.ok(asked.some((url) => url.includes(encodeURIComponent('com.docker.stack.namespace=shop'))));
  } finally {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
}

story("a swarm's stack is asked of the manager that a docker context names", async ({ project, port }) => {
  const spec = {
    Name: 'shop_api',
    Labels: { 'com.docker.stack.namespace': 'shop' },
    Mode: { Replicated: { Replicas: 1 } },
    TaskTemplate: {
      ContainerSpec: {
        Image: `shop-api:new@${digest}`,
        Args: ['sh', '-c', 'while :; do sleep 0.1; done'],
        Env: ['MODE=production', 'LEVEL=info', 'TOKEN=there'],
        User: '0',
        Healthcheck: { Test: ['CMD-SHELL', 'test -e /bin'] },
      },
      Resources: { Limits: { MemoryBytes: 64 << 20 } },
      RestartPolicy: { Condition: 'any' },
    },
    EndpointSpec: { Ports: [{ Protocol: 'tcp', TargetPort: 80, PublishedPort: port }] },
  };
  await withSwarm(project.folder, [{ ID: 'x', Spec: spec }], async (address) => {
    await givenContext(project, 'production', address);
    const { rows } = await compare(project, 'prod', '--against', 'swarm:shop@production');
    assert.equal(rows, [
      'service db : there | null',
      'user api : 1000 | 0',
      'environment api TOKEN: (hidden) | (hidden, another)',
    ]);
  });
});

/** As `docker context create` keeps it. */
async function givenContext(project: TestProject, name: string, address: string): Promise<void> {
  const id = createHash('sha256').update(name).digest('hex');
  const meta = { Name: name, Metadata: {}, Endpoints: { docker: { Host: address, SkipTLSVerify: false } } };
  await mkdir(path.join(project.folder, 'docker'), { recursive: true });
  await project.write({ [`docker/contexts/meta/${id}/meta.json`]: JSON.stringify(meta) });
  project.env.DOCKER_CONFIG = path.join(project.folder, 'docker');
}

story('what runs on the engine of a docker context, and what another file says', async ({ project, port }) => {
  const { code, output } = await project.devenv('--env', 'prod', 'up', '--detach', '--no-locked', '--no-build');
  assert.is(code, 0, output);
  await givenContext(project, 'here', `unix://${project.socket}`);
  const same = await project.devenv(
    'diff',
    'prod',
    '--against',
    'docker:here',
    '--fail-on',
    'image,command,user,limits',
  );
  assert.is(same.code, 0, same.output);
  assert.match(same.stdout, 'prod and docker:here are the same.');
  await project.write({
    'other.yml': config(port)
      .replace('LEVEL: info', 'LEVEL: debug')
      .replace('mem_limit: 64m', '')
      .replace(/^environments:.*$/m, ''),
  });
  const { rows } = await compare(project, 'prod', '--against', 'other.yml');
  assert.equal(rows, ['environment api LEVEL: info | debug', 'limits api memory: 67108864 | null']);
  const none = await project.devenv('-p', 'nobody', 'diff', 'prod', '--against', 'docker:here');
  assert.match(none.stderr, 'Nothing of project nobody runs there.');
});

story.run();
