import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { openWorkbench } from './workbench.js';

const building = suite('building');

building('a Dockerfile becomes an image with config, layers and history', async () => {
  const bench = await openWorkbench();
  await bench.image(
    'base:1',
    { 'etc/passwd': 'root:x:0:0::/:/bin/sh\napp:x:1000:1001::/:/bin/sh\n' },
    { Env: ['PATH=/bin'] },
  );
  await bench.write({ 'a.txt': 'a', 'dir/b.txt': 'b' });
  const image = await bench.build(
    `FROM base:1
ARG FOO=bar
ENV A=1 B="two words"
RUN echo hi $FOO
COPY --chown=app a.txt dir /d/
USER app
WORKDIR /w/x
EXPOSE 80 81/udp
HEALTHCHECK --interval=30s --retries=3 CMD echo hi "x"
ENTRYPOINT echo hello
CMD ["a","b c"]
`,
    { tags: ['t:1'], labels: { built: 'yes' } },
  );
  assert.equal(image.config, {
    Env: ['PATH=/bin', 'A=1', 'B=two words'],
    User: 'app',
    WorkingDir: '/w/x',
    ExposedPorts: { '80/tcp': {}, '81/udp': {} },
    Healthcheck: { Interval: 30e9, Retries: 3, Test: ['CMD-SHELL', 'echo hi "x"'] },
    Entrypoint: ['/bin/sh', '-c', 'echo hello'],
    Cmd: ['a', 'b c'],
    ArgsEscaped: true,
    Labels: { built: 'yes' },
  });
  assert.equal(
    image.history.map(({ created_by }) => created_by),
    [
      undefined,
      'ARG FOO=bar',
      'ENV A=1 B=two words',
      'RUN |1 FOO=bar /bin/sh -c echo hi $FOO # buildkit',
      'COPY --chown=app a.txt dir /d/ # buildkit',
      'USER app',
      'WORKDIR /w/x',
      'EXPOSE [80/tcp 81/udp]',
      `HEALTHCHECK &{["CMD-SHELL" "echo hi \\"x\\""] "30s" "0s" "0s" "0s" '\\x03'}`,
      'ENTRYPOINT ["/bin/sh" "-c" "echo hello"]',
      'CMD ["a" "b c"]',
    ],
  );
  assert.is(image.diffIds.length, 4);
  const copied = bench.layer(image, 2);
  assert.equal(Object.keys(copied), ['d', 'd/a.txt', 'd/b.txt']);
  assert.equal([copied['d/a.txt']!.uid, copied['d/a.txt']!.gid, copied['d/a.txt']!.text], [1000, 1001, 'a']);
  assert.equal(bench.runs[0]!.args, ['/bin/sh', '-c', 'echo hi $FOO']);
  assert.equal(bench.runs[0]!.env, ['PATH=/bin', 'FOO=bar', 'A=1', 'B=two words']);
  assert.is(bench.tags.get('docker.io/library/t:1'), image.id);
  await bench.close();
});

building.run();
