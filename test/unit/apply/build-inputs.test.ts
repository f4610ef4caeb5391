import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { buildInputs } from '../../../src/apply/build-inputs.js';
import type { ApplyContext } from '../../../src/apply/context.js';
import { UserError } from '../../../src/errors.js';
import { type BuildFlags, noBuildFlags } from '../../../src/model/build-flags.js';
import type { Service } from '../../../src/model/project.js';

const inputs = suite('apply build inputs');

const project = { name: 'p', services: {}, secrets: { token: { content: 'hush' } } };

function take(build: object, flags: Partial<BuildFlags>, own: boolean) {
  const service = { name: 'web', build: { context: '/src', ...build } } as unknown as Service;
  const context = {
    project,
    env: {},
    engine: { own },
    locate: () => undefined,
    build: { flags: { ...noBuildFlags, ...flags } },
  } as unknown as ApplyContext;
  return buildInputs(service, context, own ? 'all' : 'none');
}

async function refusal(build: object, flags: Partial<BuildFlags> = {}): Promise<string> {
  try {
    await take(build, flags, false);
  } catch (error) {
    assert.instance(error, UserError);
    return (error as UserError).message;
  }
  return '';
}

inputs('our engine takes secrets, contexts, agents and caches', async () => {
  const build = { secrets: ['token'], additional_contexts: { more: '/more' }, cache_to: ['type=inline'] };
  const { query, secrets } = await take(build, { ssh: { default: '/agent' } }, true);
  assert.equal(secrets, { token: Buffer.from('hush').toString('base64') });
  assert.equal([query.contexts, query.ssh, query.cacheto], [{ more: '/more' }, { default: '/agent' }, ['type=inline']]);
});

inputs('another engine is never sent what it would pass over', async () => {
  const cases: readonly (readonly [object, Partial<BuildFlags>, RegExp])[] = [
    [{ secrets: ['token'] }, {}, /cannot do: secrets\./],
    [{ additional_contexts: { more: '/more' } }, {}, /cannot do: named contexts/],
    [{ ssh: ['default=/agent'] }, {}, /cannot do: ssh agents/],
    [{ cache_to: ['type=inline'] }, {}, /cannot do: cache_to/],
    [{ cache_from: ['type=local,src=/x'] }, {}, /cannot do: cache_from with a type/],
    [{ no_cache_filter: ['a'] }, {}, /cannot do: no_cache_filter/],
    [{}, { provenance: 'max', sbom: true, reproducible: true }, /cannot do: provenance, .*--sbom.*, --reproducible/],
  ];
  for (const [build, flags, sentence] of cases) assert.match(await refusal(build, flags), sentence);
});

inputs('what every builder takes goes to another engine too', async () => {
  assert.is(
    await refusal({ cache_from: ['image:1'], ulimits: { nofile: 5 } }, { target: 'a', labels: { x: 'y' } }),
    '',
  );
});

inputs.run();
