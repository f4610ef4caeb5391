import { existsSync, readFileSync, statSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { StepRequest } from '../../../../runtime/build/types.js';
import { openWorkbench, rejection } from '../workbench.js';

const running = suite('RUN');

async function bench(run?: (request: StepRequest) => Promise<number> | number) {
  const made = await openWorkbench(run === undefined ? {} : { run });
  await made.image('base:1', { 'etc/passwd': 'root:x:0:0::/:/bin/sh\n' }, { Env: ['PATH=/bin'] });
  return made;
}

running('shell, exec and heredoc forms', async () => {
  const it = await bench();
  await it.build(
    'FROM base:1\nSHELL ["/bin/bash", "-ec"]\nRUN a "$B"\nRUN ["x", "$B"]\nRUN <<E\none\ntwo\nE\nRUN cat <<A - <<-B\na\nA\n\tb\nB\n',
  );
  assert.equal(
    it.runs.map(({ args }) => args),
    [
      ['/bin/bash', '-ec', 'a "$B"'],
      ['x', '$B'],
      ['/bin/bash', '-ec', 'one\ntwo\n'],
      ['/bin/bash', '-ec', 'cat <<A - <<-B\na\nA\n\tb\nB'],
    ],
  );
  await it.close();
});

running('a script with its own interpreter is a file', async () => {
  let text = '';
  const it = await bench(({ mounts }) => {
    text = readFileSync(mounts[0]!.source, 'utf8');
    assert.is(statSync(mounts[0]!.source).mode & 0o777, 0o755);
    return 0;
  });
  await it.build('FROM base:1\nRUN <<E\n#!/usr/bin/env python3\nprint(1)\nE\n');
  assert.equal(it.runs[0]!.args, ['/bin/sh', '-c', '/dev/pipes/E']);
  assert.equal(
    it.runs[0]!.mounts.map(({ target, readOnly }) => [target, readOnly]),
    [['/dev/pipes/E', true]],
  );
  assert.is(text, '#!/usr/bin/env python3\nprint(1)\n');
  await it.close();
});

running('it gets user, folder, variables, network and limits', async () => {
  const it = await bench();
  await it.build(
    'FROM base:1\nARG A=1\nENV B=$A\nUSER app:grp\nWORKDIR /w\nRUN --network=none --security=insecure x\nRUN y\n',
    {
      network: 'host',
      entitlements: ['security.insecure'],
      shmBytes: 5,
      extraHosts: ['h:1.2.3.4'],
      ulimits: [{ name: 'nofile', soft: 1, hard: 2 }],
      buildArgs: { http_proxy: 'http://p' },
    },
  );
  const [x, y] = it.runs;
  assert.equal([x!.user, x!.cwd, x!.network, x!.privileged], ['app:grp', '/w', 'none', true]);
  assert.equal([y!.network, y!.privileged, y!.shmBytes, y!.extraHosts], ['host', false, 5, ['h:1.2.3.4']]);
  assert.equal(y!.env, ['PATH=/bin', 'A=1', 'B=1', 'HTTP_PROXY=http://p', 'http_proxy=http://p']);
  await it.close();
});

running('what reaches beyond a step needs the client’s word', async () => {
  const it = await bench();
  const cases = { 'network.host': 'RUN --network=host x', 'security.insecure': 'RUN --security=insecure x' };
  for (const [name, step] of Object.entries(cases)) {
    try {
      await it.build(`FROM base:1\nRUN before\n${step}\n`, {
        entitlements: Object.keys(cases).filter((one) => one !== name),
      });
      assert.unreachable();
    } catch (error) {
      assert.is((error as Error).message, `failed to load LLB: ${name} is not allowed`);
    }
  }
  assert.is(it.runs.length, 0);
  await it.build('FROM base:1\nRUN --network=host x\n', { entitlements: ['network.host'] });
  assert.is(it.runs[0]!.network, 'host');
  await it.close();
});

running('an ARG that is not given is not set, one without a default takes the global value', async () => {
  const it = await bench();
  const image = await it.build('ARG G=1\nARG H=2\nFROM base:1\nARG G\nARG H=3\nARG U\nARG TARGETARCH\nRUN x\n');
  assert.equal(it.runs[0]!.env, ['PATH=/bin', 'G=1', 'H=3', 'TARGETARCH=amd64']);
  assert.is(image.history.at(-1)!.created_by, 'RUN |4 G=1 H=3 U= TARGETARCH=amd64 /bin/sh -c x # buildkit');
  await it.close();
});

running('binds show files of the context, of stages and of images', async () => {
  const seen: string[] = [];
  const it = await bench(async ({ mounts, root, args }) => {
    if (args[2] === 'make') await writeFile(join(root.upper, 'made'), 'made');
    for (const { source } of mounts) seen.push(await readFile(source, 'utf8'));
    return 0;
  });
  await it.write({ 'd/f': 'context', '.dockerignore': 'secret' });
  await it.build(`FROM base:1 AS a
RUN make
FROM base:1
RUN --mount=target=/f,source=d/f --mount=type=bind,from=a,source=made,target=m --mount=from=base:1,src=/etc/passwd,dst=/p x
`);
  assert.equal(seen, ['context', 'made', 'root:x:0:0::/:/bin/sh\n']);
  assert.equal(
    it.runs[1]!.mounts.map(({ target, readOnly }) => [target, readOnly]),
    [
      ['/f', true],
      ['/m', true],
      ['/p', true],
    ],
  );
  assert.match(
    (await rejection(it.build('FROM base:1\nRUN --mount=target=/f,source=nope x\n'))).message,
    /"\/nope": not found/,
  );
  await it.close();
});

running('a whole context bind leaves out what is ignored, and writing changes a copy', async () => {
  const it = await bench(async ({ mounts }) => {
    const [mount] = mounts;
    assert.ok(existsSync(join(mount!.source, 'kept')));
    assert.not(existsSync(join(mount!.source, 'secret')));
    await writeFile(join(mount!.source, 'kept'), 'changed');
    return 0;
  });
  await it.write({ kept: 'k', secret: 's', '.dockerignore': 'secret' });
  await it.build('FROM base:1\nRUN --mount=target=/src,rw x\n');
  assert.is(await readFile(join(it.context, 'kept'), 'utf8'), 'k');
  await it.close();
});

running('a cache mount keeps its files from build to build, until it is pruned', async () => {
  const counts: number[] = [];
  const it = await bench(async ({ mounts }) => {
    const file = join(mounts[0]!.source, 'count');
    const count = existsSync(file) ? Number(await readFile(file, 'utf8')) + 1 : 1;
    await writeFile(file, String(count));
    counts.push(count);
    return 0;
  });
  const text = 'FROM base:1\nRUN --mount=type=cache,target=/c,mode=0700 x\n';
  await it.build(text);
  await it.build(text, { noCache: true });
  await it.builder.prune();
  await it.build(text);
  assert.equal(counts, [1, 2, 1]);
  await it.close();
});

running('locked caches are taken in turn, private ones are not shared', async () => {
  let open = 0;
  let most = 0;
  const folders = new Set<string>();
  const it = await bench(async ({ mounts }) => {
    most = Math.max(most, ++open);
    folders.add(mounts[0]!.source);
    await new Promise((resolve) => setTimeout(resolve, 30));
    open--;
    return 0;
  });
  const stages = (sharing: string) =>
    `FROM base:1 AS a\nRUN --mount=type=cache,sharing=${sharing},target=/c a\nFROM base:1\nRUN --mount=type=cache,sharing=${sharing},target=/c b\nCOPY --from=a /etc/passwd /\n`;
  await it.build(stages('locked'));
  assert.equal([most, folders.size], [1, 1]);
  await it.build(stages('private'), { noCache: true });
  assert.equal([most, folders.size], [2, 2]);
  await it.close();
});

running('secrets are files or variables, never part of the key', async () => {
  const seen: unknown[] = [];
  const it = await bench(async ({ mounts, env }) => {
    for (const { source, target } of mounts)
      seen.push([target, await readFile(source, 'utf8'), statSync(source).mode & 0o777]);
    seen.push(env.filter((line) => line.startsWith('S=')));
    return 0;
  });
  const text =
    'FROM base:1\nRUN --mount=type=secret,id=a --mount=type=secret,id=b,env=S --mount=type=secret,id=none x\n';
  await it.build(text, { secrets: { a: Buffer.from('A'), b: Buffer.from('B') } });
  assert.equal(seen, [['/run/secrets/a', 'A', 0o400], ['S=B']]);
  await it.build(text, { secrets: { a: Buffer.from('other') } });
  assert.is(it.runs.length, 1);
  const missing = it.build('FROM base:1\nRUN --mount=type=secret,id=z,required x\n');
  assert.match((await rejection(missing)).message, /secret z: not found$/);
  await it.close();
});

running('an agent is mounted where one is given', async () => {
  const it = await bench();
  await it.build('FROM base:1\nRUN --mount=type=ssh x\n', { ssh: { default: '/agent.sock' } });
  const [mount] = it.runs[0]!.mounts;
  assert.match(mount!.source, /\/agent$/);
  assert.is(mount!.target, '/run/buildkit/ssh_agent.0');
  assert.ok(it.runs[0]!.env.includes('SSH_AUTH_SOCK=/run/buildkit/ssh_agent.0'));
  assert.match(
    (await rejection(it.build('FROM base:1\nRUN --mount=type=ssh,required x\n'))).message,
    /unset ssh forward key default/,
  );
  await it.close();
});

running('mount points that were only made to mount on are no part of the layer', async () => {
  const it = await bench(async ({ root }) => {
    for (const path of ['proc', 'sys', 'dev', 'run/secrets', 'deep/er/mount', 'etc'])
      await mkdir(join(root.upper, path), { recursive: true });
    for (const path of ['etc/hosts', 'run/secrets/a']) await writeFile(join(root.upper, path), '');
    await writeFile(join(root.upper, 'etc/new'), 'new');
    return 0;
  });
  const image = await it.build(
    'FROM base:1\nRUN --mount=type=secret,id=a --mount=type=tmpfs,target=/deep/er/mount x\n',
    {
      secrets: { a: Buffer.from('x') },
    },
  );
  assert.equal(Object.keys(it.layer(image, -1)), ['dev', 'etc', 'etc/new', 'proc', 'sys']);
  await it.close();
});

running('an image without a PATH gets the usual one', async () => {
  const it = await bench();
  await it.image('bare:1', {}, {});
  const image = await it.build('FROM bare:1\nRUN x\n');
  assert.equal(it.runs[0]!.env, ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin']);
  assert.equal(image.config.Env, it.runs[0]!.env);
  await it.close();
});

running.run();
