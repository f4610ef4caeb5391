import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Project } from '../../../src/model/project.js';
import { containerFacts, type InspectedContainer } from '../../../src/parity/container-facts.js';
import { diffEnvironments, readPackages } from '../../../src/parity/diff.js';
import type { EnvironmentFacts } from '../../../src/parity/facts.js';
import { kubernetesFacts } from '../../../src/parity/kubernetes-facts.js';
import { projectFacts } from '../../../src/parity/project-facts.js';

const differing = suite('diff');

const none = () => undefined;
const project = (api: object): EnvironmentFacts =>
  projectFacts(
    { name: 'p', services: { api: { name: 'api', command: null, entrypoint: null, ...api } } } as unknown as Project,
    none,
  );
/** `aspect what: left | right`, a line a difference. */
const lines = (
  left: EnvironmentFacts,
  right: EnvironmentFacts,
  packages: Parameters<typeof diffEnvironments>[2] = none,
) =>
  diffEnvironments(left, right, packages).differences.map(
    (one) => `${one.aspect} ${one.what}: ${one.left ?? '-'} | ${one.right ?? '-'}`,
  );

differing('what is the same differs in nothing, and is said to be the same', () => {
  const one = project({ image: 'a:1', environment: { A: '1' } });
  const { differences, same } = diffEnvironments(one, one, none);
  assert.equal(differences, []);
  assert.ok(same.api!.includes('environment'));
  assert.not(same.api!.includes('packages'), 'nobody looked at the packages');
});

differing('what matters most comes first', () => {
  const left = project({ image: 'a:1', restart: 'always', ports: [{ target: 80, protocol: 'tcp', mode: 'ingress' }] });
  const right = project({ image: 'a:2', user: '1000', cap_drop: ['all'], mem_limit: '64m' });
  assert.equal(lines(left, right), [
    'image name: a:1 | a:2',
    'user : - | 1000',
    'privileges -ALL: - | -ALL',
    'limits memory: - | 67108864',
    'ports 80/tcp: 80/tcp | -',
    'restart : always | -',
  ]);
});

differing('secrets are hidden, that they differ is not', () => {
  const left = project({ environment: { DB_PASSWORD: 'one', API_KEY: 'k', URL: 'pg://u:p@h/d', KEYBOARD: 'a' } });
  const right = project({ environment: { DB_PASSWORD: 'two', URL: 'pg://u:q@h/d', KEYBOARD: 'b' } });
  assert.equal(lines(left, right), [
    'environment API_KEY: (hidden) | -',
    'environment DB_PASSWORD: (hidden) | (hidden, another)',
    'environment KEYBOARD: a | b',
    'environment URL: pg://u:(hidden)@h/d | pg://u:(hidden)@h/d',
  ]);
});

differing('digests decide over names where both are known', () => {
  const [left, right] = [project({ image: 'a:1@sha256:aa' }), project({ image: 'mirror/a:1@sha256:aa' })];
  assert.equal(lines(left, right), []);
});

differing('a service that one side lacks is one difference', () => {
  assert.equal(lines(project({ image: 'a' }), {}), ['service : there | -']);
});

differing('packages are told by their versions', () => {
  const one = project({ image: 'a:1' });
  const packages = () =>
    [
      { bash: '5.2', curl: '8' },
      { bash: '5.3', wget: '1' },
    ] as const;
  assert.equal(lines(one, one, packages), ['packages bash: 5.2 | 5.3', 'packages curl: 8 | -', 'packages wget: - | 1']);
});

differing('installed packages are read, removed ones are not', () => {
  const dpkg =
    'Package: a\nStatus: install ok installed\nVersion: 1\n\nPackage: b\nStatus: deinstall ok config-files\nVersion: 2\n';
  assert.equal(readPackages('dpkg', dpkg), { a: '1' });
  assert.equal(readPackages('apk', 'P:musl\nV:1.2-r1\nA:x86_64\n\nP:b\nV:2\n'), { musl: '1.2-r1', b: '2' });
});

differing('a container without wishes of its own is what its image is', () => {
  const container: InspectedContainer = {
    Config: {
      Image: 'a:1',
      Env: ['PATH=/bin', 'A=1', 'DEVENV_PORT_API_80=123'],
      Cmd: ['run'],
      User: '',
      WorkingDir: '/w',
    },
    HostConfig: {
      RestartPolicy: { Name: 'no' },
      PortBindings: { '80/tcp': [{ HostPort: '8080' }] },
      CapDrop: ['CAP_CHOWN'],
    },
    Mounts: [{ Type: 'volume', Destination: '/data', RW: false }],
  };
  const image = {
    digest: 'sha256:aa',
    env: ['PATH=/bin'],
    command: ['run'],
    entrypoint: undefined,
    user: undefined,
    workingDir: '/w',
    health: undefined,
  };
  const { api } = containerFacts([
    { service: 'api', container, image },
    { service: 'api', container, image },
  ]);
  const { command, workingDir, environment, mounts, ports, privileges, replicas, restart } = api!;
  assert.equal(
    { command, workingDir, environment, mounts, ports, privileges, replicas, restart },
    {
      command: undefined,
      workingDir: undefined,
      environment: { A: '1' },
      mounts: ['/data volume read-only'],
      ports: ['8080->80/tcp'],
      privileges: ['-CHOWN'],
      replicas: 2,
      restart: undefined,
    },
  );
});

differing("Kubernetes' words are translated", () => {
  const { web } = kubernetesFacts([
    {
      kind: 'Deployment',
      metadata: { name: 'web' },
      spec: {
        replicas: 3,
        template: {
          spec: {
            containers: [
              {
                name: 'web',
                image: 'a:1@sha256:aa',
                command: ['/entry'],
                args: ['serve'],
                env: [{ name: 'A', value: '1' }],
                resources: { limits: { memory: '512Mi', cpu: '250m' } },
                volumeMounts: [{ name: 'cache', mountPath: '/cache' }],
                readinessProbe: { httpGet: { path: '/ok', port: 80 } },
              },
            ],
            volumes: [{ name: 'cache', emptyDir: {} }],
          },
        },
      },
    },
  ]);
  const { image, digest, entrypoint, command, memory, cpus, replicas, mounts, health } = web!;
  assert.equal(
    { image, digest, entrypoint, command, memory, cpus, replicas, mounts, health },
    {
      image: 'a:1',
      digest: 'sha256:aa',
      entrypoint: ['/entry'],
      command: ['serve'],
      memory: 512 * 2 ** 20,
      cpus: 0.25,
      replicas: 3,
      mounts: ['/cache tmpfs'],
      health: ['HTTP', '80/ok'],
    },
  );
});

differing.run();
