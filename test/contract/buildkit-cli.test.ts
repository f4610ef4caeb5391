/** The docker command with buildx, bake and Compose against the engine. Skipped where they are not installed. */
import { execFile, spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { busyboxImage, importBusybox } from '../support/busybox.js';
import { startEngine, type TestEngine } from '../support/engine.js';
import { tarBytes } from '../support/tar-bytes.js';

const has = (...command: string[]) => spawnSync('docker', command, { stdio: 'ignore' }).status === 0;
const cli = suite('docker build with buildx');
const withBuildx = has('buildx', 'version') ? cli : cli.skip;
const withCompose = has('buildx', 'version') && has('compose', 'version') ? cli : cli.skip;

let engine: TestEngine;
let folder: string;

cli.before(async () => {
  engine = await startEngine();
  await importBusybox(engine);
  folder = await mkdtemp(join(tmpdir(), 'buildkit-cli-'));
});
cli.after(async () => {
  const { json } = await engine.request('GET', '/images/json');
  for (const { RepoTags } of json as { RepoTags: string[] }[])
    for (const tag of RepoTags ?? [])
      if (tag.startsWith('bkcli-')) await engine.request('DELETE', `/images/${tag}?force=1`);
  await rm(folder, { recursive: true, force: true });
  await engine.stop();
});

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

function docker(args: readonly string[], input = '', more: Record<string, string> = {}): Promise<Ended> {
  const env = {
    ...process.env,
    DOCKER_HOST: `unix://${engine.socket}`,
    BUILDKIT_PROGRESS: 'plain',
    DOCKER_CLI_HINTS: 'false',
    ...more,
  };
  return new Promise((resolve) => {
    const child = execFile('docker', args, { env, cwd: folder, timeout: 60_000 }, (error, stdout, stderr) =>
      resolve({ code: error ? Number(error.code ?? 1) : 0, stdout, stderr }),
    );
    child.stdin?.end(input);
  });
}

/** Files of a context; resolves with its name. */
async function context(name: string, files: Readonly<Record<string, string>>): Promise<string> {
  for (const [path, text] of Object.entries(files)) {
    const file = join(folder, name, path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, text);
  }
  return name;
}

withBuildx('builds, shows numbered steps, and finds them again', async () => {
  const path = await context('plain', {
    Dockerfile: `FROM ${busyboxImage} AS base\nWORKDIR /app\nRUN echo made > made\nFROM ${busyboxImage}\nCOPY --from=base /app /app\nCOPY in /in\n`,
    in: 'x\n',
  });
  const first = await docker(['build', '-t', 'bkcli-a:1', path]);
  assert.is(first.code, 0, first.stderr);
  assert.match(first.stderr, /\[base 3\/3\] RUN echo made > made/);
  assert.match(first.stderr, /\[stage-1 3\/3\] COPY in \/in/);
  assert.match(first.stderr, /naming to docker\.io\/library\/bkcli-a:1/);
  const second = await docker(['build', '-t', 'bkcli-a:1', path]);
  assert.is(second.stderr.match(/CACHED/g)?.length, 4, second.stderr);
});

withBuildx('prints the id alone, and writes it where it is asked to', async () => {
  const path = await context('quiet', { Dockerfile: `FROM ${busyboxImage}\nLABEL a=b\n` });
  const built = await docker(['build', '-q', '--iidfile', 'iid', '--metadata-file', 'meta', '-t', 'bkcli-q:1', path]);
  const { json } = await engine.request('GET', '/images/bkcli-q:1/json');
  assert.is(built.stdout.trim(), json.Id);
  assert.is(await readFile(join(folder, 'iid'), 'utf8'), json.Id);
  const meta = JSON.parse(await readFile(join(folder, 'meta'), 'utf8'));
  assert.is(meta['image.name'], 'docker.io/library/bkcli-q:1');
});

withBuildx('what went into a build is in its metadata file and in its history', async () => {
  const path = await context('told', {
    Dockerfile: `FROM ${busyboxImage} AS one\nARG V\nRUN --mount=type=secret,id=key echo $V > /v\nFROM one\nRUN false\n`,
  });
  const args = ['--target', 'one', '--build-arg', 'V=1', '--metadata-file', 'told.json'];
  const built = await docker(['build', ...args, path]);
  assert.is(built.code, 0, built.stderr);
  const meta = JSON.parse(await readFile(join(folder, 'told.json'), 'utf8'));
  const { materials, invocation } = meta['buildx.build.provenance'];
  assert.equal(
    materials.map(({ uri }: { uri: string }) => uri),
    [`pkg:docker/${busyboxImage.replace(':', '@')}?platform=linux%2F${process.arch === 'x64' ? 'amd64' : 'arm64'}`],
  );
  assert.equal(invocation.parameters.args, { 'build-arg:V': '1', target: 'one' });
  assert.equal(invocation.parameters.secrets, [{ id: 'key', optional: true }]);
  const ref = meta['buildx.build.ref'].split('/').at(-1);
  const seen = await docker(['buildx', 'history', 'inspect', ref]);
  assert.match(seen.stdout, /Materials:\n.*\npkg:docker\//, seen.stderr);
});

withBuildx('a Dockerfile comes through a pipe', async () => {
  const built = await docker(['build', '-q', '-'], `FROM ${busyboxImage}\nRUN true\n`);
  assert.match(built.stdout, /^sha256:[0-9a-f]{64}\n$/, built.stderr);
});

withBuildx('a failing step shows its output, its line and its code', async () => {
  const path = await context('failing', { Dockerfile: `FROM ${busyboxImage}\nRUN echo last words; exit 7\n` });
  const { code, stderr } = await docker(['build', path]);
  assert.is(code, 1);
  assert.match(stderr, />>> RUN echo last words; exit 7/);
  assert.match(stderr, / last words\n------/);
  assert.match(
    stderr,
    /ERROR: failed to build: failed to solve: process "\/bin\/sh -c echo last words; exit 7" did not complete successfully: exit code: 7\n$/,
  );
});

withBuildx('--check lists warnings and builds nothing', async () => {
  const path = await context('check', { Dockerfile: `FROM ${busyboxImage}\nRUN false\nCMD echo hi\n` });
  const { code, stdout } = await docker(['build', '--check', path]);
  assert.is(code, 1);
  assert.match(stdout, /JSONArgsRecommended/);
  assert.match(stdout, /3 \| >>> CMD echo hi/);
});

withBuildx('secrets, cache mounts, heredocs and another context', async () => {
  await context('more', { file: 'from elsewhere\n' });
  const path = await context('rich', {
    Dockerfile: `FROM ${busyboxImage}
RUN --mount=type=secret,id=s --mount=type=cache,target=/c cat /run/secrets/s > /got && echo x > /c/f
COPY --from=more file /file
RUN <<END
cat /got /file
test ! -e /run/secrets/s
END
`,
    secret: 'hush\n',
  });
  const args = ['build', '--secret', `id=s,src=${path}/secret`, '--build-context', 'more=more', path];
  const { code, stderr } = await docker(args);
  assert.is(code, 0, stderr);
  assert.match(stderr, /hush\n(#\d+ [\d.]+ )?from elsewhere/);
});

withBuildx('files go to a folder', async () => {
  const path = await context('files', { Dockerfile: 'FROM scratch\nCOPY in /dir/out\n', in: 'bytes\n' });
  const { code, stderr } = await docker(['build', '-o', 'result', path]);
  assert.is(code, 0, stderr);
  assert.is(await readFile(join(folder, 'result/dir/out'), 'utf8'), 'bytes\n');
});

withBuildx('bake builds a target on another one', async () => {
  await context('one', { Dockerfile: `FROM ${busyboxImage}\nRUN echo one > /one\n` });
  await context('two', { Dockerfile: 'FROM base\nRUN cat /one > /two\n' });
  const bake = {
    target: {
      one: { context: 'one', tags: ['bkcli-one:1'] },
      two: { context: 'two', contexts: { base: 'target:one' }, tags: ['bkcli-two:1'] },
    },
  };
  await writeFile(join(folder, 'bake.json'), JSON.stringify(bake));
  const { code, stderr } = await docker(['buildx', 'bake', '-f', 'bake.json', 'one', 'two']);
  assert.is(code, 0, stderr);
  const { json } = await engine.request('GET', '/images/bkcli-two:1/json');
  assert.is(json.RootFS.Layers.length, 3);
});

withBuildx('the cache is listed and pruned', async () => {
  const path = await context('cached', { Dockerfile: `FROM ${busyboxImage}\nRUN head -c 100000 /dev/zero > /big\n` });
  await docker(['build', '-o', 'type=tar,dest=out.tar', path]);
  const before = await docker(['buildx', 'du']);
  assert.match(before.stdout, /Total:\s+[1-9]/, before.stderr);
  const { code, stderr } = await docker(['builder', 'prune', '-af']);
  assert.is(code, 0, stderr);
  assert.match((await docker(['buildx', 'du'])).stdout, /Total:\s+0B/);
});

withBuildx('a cache mount is listed by its step and pruned by its type', async () => {
  const command = 'head -c 200000 /dev/zero > /kept/f';
  const path = await context('mount', {
    Dockerfile: `FROM ${busyboxImage}\nRUN --mount=type=cache,target=/kept ${command}\n`,
  });
  const built = await docker(['build', path]);
  assert.is(built.code, 0, built.stderr);
  const listed = await docker(['buildx', 'du', '--verbose', '--filter', 'type=exec.cachemount']);
  assert.match(listed.stdout, /Description:\s+cached mount \/kept from exec \/bin\/sh -c head/, listed.stderr);
  const pruned = await docker(['buildx', 'prune', '-f', '--filter', 'type=exec.cachemount']);
  assert.match(pruned.stdout, /Total:\s+2\d\d(\.\d)?kB/, pruned.stderr);
  const after = await docker(['buildx', 'du', '--verbose', '--filter', 'type=exec.cachemount']);
  assert.not.match(after.stdout, /cached mount \/kept/);
});

withBuildx('targets that stand on one another are checked without being built', async () => {
  await context('three', { Dockerfile: `FROM ${busyboxImage}\nRUN false\n` });
  await context('four', { Dockerfile: 'FROM base\nCMD echo hi\n' });
  const bake = {
    target: { three: { context: 'three' }, four: { context: 'four', contexts: { base: 'target:three' } } },
  };
  await writeFile(join(folder, 'check.json'), JSON.stringify(bake));
  const { stdout, stderr } = await docker(['buildx', 'bake', '-f', 'check.json', '--check', 'four']);
  assert.match(stdout, /JSONArgsRecommended/, stderr);
});

withBuildx('the classic builder ends with the code of the command', async () => {
  const path = await context('classic', { Dockerfile: `FROM ${busyboxImage}\nRUN exit 7\n` });
  const { code } = await docker(['build', path], '', { DOCKER_BUILDKIT: '0' });
  assert.is(code, 7);
});

withBuildx('the builder is listed as running', async () => {
  assert.match((await docker(['buildx', 'ls'])).stdout, /running\s+v\d+\./);
});

withCompose('Compose builds services that stand on one another', async () => {
  await context('compose', {
    'lib.Dockerfile': `FROM ${busyboxImage}\nRUN echo lib > /lib\n`,
    'app.Dockerfile': 'FROM lib\nARG X\nRUN cat /lib && echo $X > /x\n',
    'compose.json': JSON.stringify({
      name: 'bkcli-project',
      services: {
        lib: { image: 'bkcli-lib:1', build: { context: '.', dockerfile: 'lib.Dockerfile' } },
        app: {
          image: 'bkcli-app:1',
          build: {
            context: '.',
            dockerfile: 'app.Dockerfile',
            args: { X: '1' },
            additional_contexts: { lib: 'service:lib' },
          },
        },
      },
    }),
  });
  const { code, stderr } = await docker(['compose', '-f', 'compose/compose.json', 'build']);
  assert.is(code, 0, stderr);
  const { json } = await engine.request('GET', '/images/bkcli-app:1/json');
  assert.is(json.RootFS.Layers.length, 3);
});

withBuildx('a step has the machine’s network when --allow says so, and not before', async () => {
  const path = await context('allowed', { Dockerfile: `FROM ${busyboxImage}\nRUN --network=host true\n` });
  const refused = await docker(['buildx', 'build', '--no-cache', path]);
  assert.is(refused.code, 1);
  assert.match(refused.stderr, /network\.host is not allowed/);
  const allowed = await docker(['buildx', 'build', '--no-cache', '--allow', 'network.host', path]);
  assert.is(allowed.code, 0, allowed.stderr);
});

withBuildx('a step sees BuildKit’s hosts file and cannot write it', async () => {
  const path = await context('hosts', {
    Dockerfile: `FROM ${busyboxImage}\nRUN cat /etc/hosts; echo 1.2.3.4 x >> /etc/hosts || cat /proc/self/cgroup\n`,
  });
  const options = ['--add-host', 'near:10.1.2.3', '--add-host', 'machine:host-gateway', '--cgroup-parent', '/bkcli'];
  const { code, stderr } = await docker(['buildx', 'build', '--no-cache', '--progress', 'plain', ...options, path]);
  assert.is(code, 0, stderr);
  const said = stderr.replace(/^#\d+ \d+\.\d+ /gm, '');
  assert.match(said, '127.0.0.1\tlocalhost buildkitsandbox\n::1\tlocalhost ip6-localhost ip6-loopback\n');
  assert.match(said, '10.1.2.3\tnear\n');
  assert.match(said, /^\d+\.\d+\.\d+\.\d+\tmachine$/m);
  assert.match(said, "can't create /etc/hosts: Read-only file system");
  assert.match(said, /:\/bkcli\//);
});

withBuildx('the capabilities of an executable go along from stage to stage', async () => {
  const value = Buffer.from('0100000200040000000000000000000000000000', 'hex').toString('latin1');
  const pax = { 'SCHILY.xattr.security.capability': value };
  const root = tarBytes([{ name: 'tool', mode: 0o755, content: 'x', pax }]);
  await engine.request('POST', '/images/create?fromSrc=-&repo=bkcli-capable&tag=1', root);
  const path = await context('capable', {
    Dockerfile: 'FROM bkcli-capable:1 AS made\nFROM scratch\nCOPY --from=made --chown=3:4 /tool /usr/bin/\n',
  });
  const { code, stderr } = await docker(['buildx', 'build', '-t', 'bkcli-capable:2', path]);
  assert.is(code, 0, stderr);
  const saved = await engine.request('GET', '/images/bkcli-capable:2/get');
  assert.ok(saved.text.includes(`SCHILY.xattr.security.capability=${value}`));
});

withBuildx('a base image of another platform is told', async () => {
  const query = new URLSearchParams({ fromSrc: '-', repo: 'bkcli-arm', tag: '1', platform: 'linux/arm64' });
  await engine.request('POST', `/images/create?${query}`, Buffer.alloc(1024));
  const path = await context('arm', { Dockerfile: 'FROM bkcli-arm:1\nLABEL a=b\n' });
  const { code, stderr } = await docker(['build', path]);
  assert.is(code, 0, stderr);
  assert.match(stderr, /InvalidBaseImagePlatform: Base image bkcli-arm:1 was pulled with platform "linux\/arm64"/);
});

cli.run();
