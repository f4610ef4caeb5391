import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { loadProject } from '../../../src/config/load.js';
import type { Project } from '../../../src/model/project.js';
import type { EnvironmentFacts, ServiceFacts } from '../../../src/parity/facts.js';
import { kubernetesFacts } from '../../../src/parity/kubernetes-facts.js';
import { projectFacts } from '../../../src/parity/project-facts.js';
import { type KnownService, reproduce } from '../../../src/parity/reproduce.js';
import { swarmFacts } from '../../../src/parity/swarm-facts.js';

const reproducing = suite('reproduce');
const digest = `sha256:${'ab'.repeat(32)}`;

const bare: ServiceFacts = {
  image: 'registry/api:1',
  digest,
  command: undefined,
  entrypoint: undefined,
  user: undefined,
  workingDir: undefined,
  environment: {},
  mounts: [],
  ports: [],
  memory: undefined,
  cpus: undefined,
  replicas: 1,
  restart: undefined,
  privileges: [],
  health: undefined,
  networks: [],
};
const facts = (api: Partial<ServiceFacts>): EnvironmentFacts => ({ api: { ...bare, ...api } });
const nobody = new Map<string, KnownService>();
const origin = { from: 'docker:there' };

/** The overlay, merged into `base` by the config loader. */
async function loaded(text: string, base = 'services: {}', env: Record<string, string> = {}): Promise<Project> {
  const cwd = await mkdtemp(path.join(os.tmpdir(), 'reproduce-'));
  try {
    await writeFile(path.join(cwd, 'devenv.yml'), base);
    await writeFile(path.join(cwd, 'devenv.there.yml'), text);
    const request = { cwd, env, files: [], envFiles: [], profiles: [], services: [], environment: 'there' };
    return (await loadProject(request)).project;
  } finally {
    await rm(cwd, { recursive: true });
  }
}

reproducing('secrets that are files are named, and come from variables here', async () => {
  const there = facts({ secretFiles: ['api-key'] });
  const { text, secrets } = reproduce(there, nobody, origin);
  assert.equal(secrets, ['API_KEY']);
  const project = await loaded(text, undefined, { API_KEY: 'mine' });
  assert.equal(JSON.stringify(project.services.api!.secrets), '[{"source":"api-key","target":"/run/secrets/api-key"}]');
  assert.is(project.secrets['api-key']!.environment, 'API_KEY');
  const own = new Map([['api', { isBuilt: false, keys: new Set(['secrets']) }]]);
  assert.not.match(reproduce(there, own, origin).text, 'secrets:');
});

reproducing('what is written is, loaded again, what ran', async () => {
  const ran = facts({
    command: ['sh', '-c', 'echo $HOME'],
    entrypoint: ['/init'],
    user: '1000',
    workingDir: '/srv',
    environment: { DEBUG: 'a$b', EMPTY: '' },
    mounts: ['/data volume', '/tmp tmpfs'],
    ports: ['53->53/udp', '8080->80/tcp', '9000/tcp'],
    memory: 64 << 20,
    cpus: 0.5,
    replicas: 2,
    restart: 'always',
    privileges: ['+NET_ADMIN', '-ALL', 'read-only'],
    health: ['CMD', 'test', '-f', '/ok'],
    networks: ['default'],
  });
  const { text, warnings, secrets } = reproduce(ran, nobody, origin);
  assert.equal(warnings, []);
  assert.equal(secrets, []);
  const again = projectFacts(await loaded(text), () => undefined);
  assert.equal(again, facts({ ...ran.api, image: `registry/api:1@${digest}` }));
});

reproducing('what the config says and did not run is taken away', async () => {
  const base = `
services:
  api:
    build: .
    command: dev
    environment: {DEBUG: "1", A: "1"}
    env_file: [{path: none.env, required: false}]
    privileged: true
    healthcheck: {test: "true"}
    deploy: {replicas: 3}
    volumes: [".:/src"]
    develop: {watch: [{path: ., action: rebuild}]}
    depends_on: [other]
  other: {image: other}
`;
  const keys = new Set('command environment privileged healthcheck deploy volumes develop depends_on'.split(' '));
  const known = new Map<string, KnownService>([
    ['api', { isBuilt: true, keys }],
    ['other', { isBuilt: false, keys: new Set() }],
  ]);
  const ran = facts({ environment: { A: '2' } });
  const { text } = reproduce(ran, known, origin);
  const project = await loaded(text, base);
  assert.equal(Object.keys(project.services), ['api']);
  const { build, develop } = project.services.api!;
  assert.equal([build, develop], [undefined, undefined]);
  const again = projectFacts(project, () => undefined);
  assert.equal(again, facts({ ...ran.api, image: `registry/api:1@${digest}`, networks: ['default'] }));
});

reproducing('secrets are named, their values are not there', async () => {
  const environment = { DB_PASSWORD: 'hunter2', URL: 'pg://u:hunter2@db/x', KEY_FILE: '/run/secrets/key', PLAIN: 'p' };
  const { text, secrets } = reproduce(facts({ environment, referenced: ['PLAIN'] }), nobody, origin);
  assert.equal(secrets, ['DB_PASSWORD', 'PLAIN', 'URL']);
  assert.not.match(text, 'hunter2');
  assert.match(text, 'KEY_FILE: "/run/secrets/key"');
  const project = await loaded(text, undefined, { DB_PASSWORD: 'mine', URL: 'u', PLAIN: 'q' });
  assert.is(project.services.api!.environment!.DB_PASSWORD, 'mine');
});

reproducing('what cannot be had is said', () => {
  const ran = {
    ...facts({ digest: undefined, mounts: ['/etc/x bind read-only'], health: ['HTTP', '80/ok'] }),
    'api/side': bare,
  };
  assert.equal(reproduce(ran, nobody, origin).warnings, [
    'api: the digest of its image is not known, so its name alone says what runs',
    'api: /etc/x is a folder of that host, and is left out',
    'api: it is probed over HTTP (80/ok) by the cluster, which no container can do by itself',
    'api/side is a second container of a pod: it is left out',
  ]);
});

reproducing('an image that nobody can have is built from the folder', () => {
  const known = new Map([['api', { isBuilt: true, keys: new Set<string>() }]]);
  const { text, warnings } = reproduce(facts({ digest: undefined }), known, origin);
  assert.not.match(text, 'image:');
  assert.equal(warnings, ['api: its image was built there and is in no registry; here it is built from this folder']);
});

reproducing("a swarm's stack", () => {
  const spec = {
    Name: 'shop_api',
    Labels: { 'com.docker.stack.namespace': 'shop' },
    Mode: { Replicated: { Replicas: 3 } },
    TaskTemplate: {
      ContainerSpec: {
        Image: `registry/api:1@${digest}`,
        Args: ['serve'],
        Env: ['A=1=2'],
        ReadOnly: true,
        Mounts: [{ Type: 'volume', Target: '/data' }],
      },
      Resources: { Limits: { NanoCPUs: 500_000_000, MemoryBytes: 1024 } },
      RestartPolicy: { Condition: 'any' },
    },
    EndpointSpec: { Ports: [{ Protocol: 'tcp', TargetPort: 80, PublishedPort: 8080 }] },
  };
  assert.equal(
    swarmFacts([{ Spec: spec }]),
    facts({
      command: ['serve'],
      environment: { A: '1=2' },
      secretFiles: [],
      mounts: ['/data volume'],
      ports: ['8080->80/tcp'],
      memory: 1024,
      cpus: 0.5,
      replicas: 3,
      restart: 'always',
      privileges: ['read-only'],
      networks: undefined,
    }),
  );
});

reproducing('a cluster tells by its pods which digest a tag was pulled by', () => {
  const containers = [{ name: 'api', image: 'registry/api:1', env: [{ name: 'URL', valueFrom: {} }] }];
  const workload = { kind: 'Deployment', metadata: { name: 'api' }, spec: { template: { spec: { containers } } } };
  const pod = (id: string) => ({
    kind: 'Pod' as const,
    spec: { containers },
    status: { containerStatuses: [{ name: 'api', imageID: `registry/api@${id}` }] },
  });
  const { api } = kubernetesFacts([workload, pod(digest), pod(digest)]);
  assert.equal([api!.digest, api!.referenced], [digest, ['URL']]);
  const rolling = kubernetesFacts([workload, pod(digest), pod(`sha256:${'cd'.repeat(32)}`)]);
  assert.is(rolling.api!.digest, undefined);
});

reproducing.run();
