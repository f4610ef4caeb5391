import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { annotation, isProject, layerOf, projectManifest } from '../../../../src/config/remote/artifact.js';
import { publishQuestions, refuseEnvironment, refuseUnnamedImages } from '../../../../src/flows/publish/checks.js';
import { publishedFiles } from '../../../../src/flows/publish/files.js';
import { credentialsIn } from '../../../../src/flows/publish/sensitive.js';
import { project } from '../../../support/projects.js';
import { filesReader } from '../../config/support.js';

const publishing = suite('what is published of a project');

const publish = (files: Readonly<Record<string, string>>) =>
  publishedFiles(['/shop/compose.yaml'], {
    reader: filesReader(files),
    lookup: (name) => (name === 'WHERE' ? 'envs' : undefined),
    folder: '/shop',
  });

publishing(
  'what is extended and env files go along under names of their own, everything else stays as it is written',
  () => {
    const { files, withEnvFiles, envFiles } = publish({
      '/shop/compose.yaml': [
        'services:',
        '  web: # ours',
        '    extends: {file: "../base/web.yaml", service: web}',
        "    env_file: ['a.env', {path: $WHERE/b.env, required: false}, gone.env]",
        '  far: {extends: {file: oci://registry.test/far, service: far}}',
        '',
      ].join('\n'),
      '/base/web.yaml': 'services: {web: {image: web, env_file: ./c.env, extends: {file: web.yaml, service: web}}}\n',
      '/base/c.env': 'C=1\n',
      '/shop/a.env': 'A=1\n',
      '/shop/envs/b.env': 'B=1\n',
    });
    assert.equal([...withEnvFiles], ['web']);
    assert.equal(envFiles, ['/shop/a.env', '/shop/envs/b.env', '/base/c.env']);
    const [compose, base] = files.map(({ content }) => content.toString());
    const name = (index: number) => files[index]!.name;
    assert.equal(
      files.map(({ kind }) => kind),
      ['compose', 'extended', 'env', 'env', 'env'],
    );
    assert.is(
      compose!.replace(/[0-9a-f]{64}/g, 'NAME'),
      [
        'services:',
        '  web: # ours',
        '    extends: {file: NAME.yaml, service: web}',
        '    env_file: [NAME.env, {path: NAME.env, required: false}, NAME.env]',
        '  far: {extends: {file: oci://registry.test/far, service: far}}',
        '',
      ].join('\n'),
    );
    assert.ok(compose!.includes(`file: ${name(1)}`));
    assert.ok(compose!.includes(`[${name(2)}, {path: ${name(3)},`));
    assert.is(base, `services: {web: {image: web, env_file: ${name(4)}, extends: {file: ${name(1)}, service: web}}}\n`);
  },
);

publishing('a local include is refused where it is written, a remote one goes along', () => {
  const refused = (include: string) => () => publish({ '/shop/compose.yaml': `include: ${include}\n` });
  assert.throws(refused('[other.yaml]'), /cannot publish compose file with local includes/);
  assert.throws(refused('[{path: [oci://registry.test/a, other.yaml]}]'), /local includes/);
  assert.is(refused('[oci://registry.test/a]')().files.length, 1);
});

publishing('variables need an agreement, services need an image', () => {
  const of = project({ web: { image: 'web', environment: { A: '1' } }, db: { image: 'pg' } });
  assert.throws(() => refuseEnvironment(of, new Set(['db'])), /service "web" has environment variable\(s\) declared\./);
  assert.throws(() => refuseEnvironment(of, new Set(['db'])), /service "db" has env_file declared\./);
  refuseEnvironment(project({ web: { image: 'web' } }), new Set());
  assert.throws(() => refuseUnnamedImages(project({ web: { build: { context: '.' } } })), /- "web"/);
  refuseUnnamedImages(of);
});

publishing('a person is asked about bind mounts, credentials and variables, in this order', () => {
  const of = project({
    web: { image: 'web', environment: { A: '1' }, volumes: [{ type: 'bind', source: '/src', target: '/app' }] },
  });
  const questions = publishQuestions(of, credentialsIn('AKIA0123456789ABCDEF AKIA0123456789ABCDEF'));
  assert.is(questions.length, 3);
  assert.match(questions[0]!, '/src:/app');
  assert.match(questions[1]!, 'AWS Client ID\nAKIA0123…\n');
  assert.match(questions[2]!, 'A=1');
  assert.equal(publishQuestions(project({ web: { image: 'web' } }), []), []);
});

publishing('an artifact of OCI 1.0 and one of 1.1 say that they are a project', () => {
  const layer = layerOf({ kind: 'extended', name: 'x.yaml', content: Buffer.from('a: b') }, '1.2.3');
  assert.equal(layer.annotations, {
    [annotation.version]: '1.2.3',
    [annotation.file]: 'x.yaml',
    [annotation.extends]: 'true',
  });
  for (const oci of ['1.0', '1.1'] as const) {
    const manifest = JSON.parse(projectManifest([layer], oci, '2026-01-01T00:00:00Z'));
    assert.ok(isProject(manifest));
    assert.is('artifactType' in manifest, oci === '1.1');
  }
  assert.not(isProject({ config: { mediaType: 'application/vnd.oci.image.config.v1+json' } }));
});

publishing.run();
