/** A project goes into a registry and comes back from there. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type FakeRegistry, startFakeRegistry } from '../support/fake-registry.js';
import { makeProject, type TestProject } from '../support/project.js';

const story = suite<{ project: TestProject; registry: FakeRegistry }>('a published project');

story.before(async (context) => {
  context.registry = await startFakeRegistry();
  context.project = await makeProject({
    'compose.yaml': 'name: shop\nservices: {web: {extends: {file: base.yaml, service: web}, env_file: web.env}}\n',
    'over.yaml': 'services: {web: {command: [serve]}}\n',
    'base.yaml': 'services: {web: {image: "registry.test/web:1"}}\n',
    'web.env': 'GREETING=hello\n',
  });
});

story.after(async ({ project, registry }) => {
  await project.remove();
  await registry.close();
});

const files = ['-f', 'compose.yaml', '-f', 'over.yaml'];

for (const [flags, type] of [
  [[], 'application/vnd.docker.compose.project'],
  [['--oci-version', '1.0'], undefined],
] as const) {
  story(`comes back as it was: ${flags.join(' ') || 'by itself'}`, async ({ project, registry }) => {
    const name = `${registry.host}/team/shop:v${flags.length}`;
    const published = await project.devenv(...files, 'publish', '--with-env', '--yes', ...flags, name);
    assert.is(published.code, 0, published.output);
    const manifest = JSON.parse(registry.manifests.get(`team/shop/v${flags.length}`)!.bytes.toString());
    assert.is(manifest.artifactType, type);
    const back = await project.devenv('-f', `oci://${name}`, 'config', '--format', 'json');
    assert.is(back.code, 0, back.output);
    const { web } = JSON.parse(back.stdout).services;
    assert.equal([web.image, web.command, web.environment], ['registry.test/web:1', ['serve'], { GREETING: 'hello' }]);
  });
}

story('a registry that takes no artifacts gets the older form', async ({ project, registry }) => {
  let refused = 0;
  registry.intercept = (request, response) => {
    if (request.method !== 'PUT' || !request.url?.includes('/manifests/') || refused > 0) return false;
    refused += 1;
    response.writeHead(400).end();
    return true;
  };
  const published = await project.devenv(...files, 'publish', '--with-env', '--yes', `${registry.host}/old:v1`);
  registry.intercept = () => false;
  assert.is(published.code, 0, published.output);
  const manifest = JSON.parse(registry.manifests.get('old/v1')!.bytes.toString());
  assert.is(manifest.config.mediaType, 'application/vnd.docker.compose.config.empty.v1+json');
});

story('sends nothing without --with-env, with --dry-run, or where nobody agrees', async ({ project, registry }) => {
  registry.log.length = 0;
  const name = `${registry.host}/team/not:v1`;
  const refused = await project.devenv(...files, 'publish', name);
  assert.is(refused.code, 1);
  assert.match(refused.output, 'service "web" has env_file declared.');
  assert.is((await project.devenv(...files, 'publish', '--with-env', '--yes', '--dry-run', name)).code, 0);
  const asked = await project.devenv(...files, 'publish', '--with-env', name);
  assert.is(asked.code, 0, asked.output);
  assert.match(asked.output, 'Nothing is published.');
  assert.equal(registry.log, []);
});

story('says why it could not be sent', async ({ project, registry }) => {
  registry.intercept = (_request, response) => {
    response.writeHead(403).end();
    return true;
  };
  const refused = await project.devenv(...files, 'publish', '--with-env', '-y', `${registry.host}/team/shop:v2`);
  registry.intercept = () => false;
  assert.is(refused.code, 1);
  assert.match(refused.output, /cannot be published: its registry answers 403/);
});

story.run();
