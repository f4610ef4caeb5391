/**
 * Small projects, each about one rule, and what `docker compose config` 2.40 made of them (`gives`) or how it refused them.
 * The corpus shows what projects in the field have; these go through the forms that an attribute can have.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { loadFrom, loadRaw } from '../../../src/config/load.js';
import { projectJson, rawJson } from '../../../src/config/print/json.js';
import { projectYaml } from '../../../src/config/print/yaml.js';
import type { FileReader } from '../../../src/config/reader.js';
import type { LoadRequest } from '../../../src/config/types.js';
import { UserError, UserErrors } from '../../../src/errors.js';
import { hashService } from '../../../src/plan/hash.js';
import { filesReader } from './support.js';

interface Case {
  readonly name: string;
  readonly files: Readonly<Record<string, string>>;
  readonly args?: readonly string[];
  /** Services that are asked for. */
  readonly cargs?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly stdin?: string;
  readonly yaml?: boolean;
  readonly gives?: unknown;
  readonly refused?: string;
  /** Why devenv differs on purpose. */
  readonly differs?: string;
}

const reference = suite('the reference, rule by rule');
const file = new URL('../../../../test/fixtures/reference/cases.json', import.meta.url);
const cases = JSON.parse(readFileSync(file, 'utf8')) as Case[];
/** As deep as in the run of the reference, since paths may lead upwards. */
const DIR = '/gold/p';

function run(one: Case): string {
  const files = Object.fromEntries(Object.entries(one.files).map(([name, text]) => [join(DIR, name), text]));
  const reader = filesReader({ ...files, ...(one.stdin === undefined ? {} : { '-': one.stdin }) });
  const given = (flag: string) => (one.args ?? []).flatMap((arg, index, all) => (all[index - 1] === flag ? [arg] : []));
  const [name, folder] = [given('-p').at(-1), given('--project-directory').at(-1)];
  const request: LoadRequest = {
    cwd: join(DIR, one.cwd ?? ''),
    files: given('-f'),
    envFiles: given('--env-file'),
    profiles: given('--profile'),
    services: one.cargs ?? [],
    env: { HOME: '/home/me', ...one.env },
    ...(name === undefined ? {} : { projectName: name }),
    ...(folder === undefined ? {} : { projectDirectory: folder }),
  };
  if (one.args?.includes('--no-interpolate')) return rawJson(loadRaw(request, reader));
  if (one.args?.includes('--hash')) return hashes(request, reader);
  const { project } = loadFrom(request, reader);
  const text = one.yaml ? projectYaml(project) : projectJson(project);
  return text.replaceAll(DIR, '@DIR@').replaceAll('/gold', '@DIR@/..');
}

/** As `config --hash '*'` tells them, by the services' names. */
function hashes(request: LoadRequest, reader: FileReader): string {
  const { project } = loadFrom({ ...request, options: { envFilesStay: true } }, reader);
  const services = Object.values(project.services);
  return JSON.stringify(
    Object.fromEntries(services.map((service) => [service.name, hashService(project, service).whole])),
  );
}

function outcome(one: Case): { text: string } | { refused: string } {
  try {
    return { text: run(one) };
  } catch (error) {
    // Anything but a mistake of the person is a bug of ours.
    if (error instanceof UserError || error instanceof UserErrors) return { refused: error.message };
    throw error;
  }
}

for (const one of cases) {
  reference(one.differs === undefined ? one.name : `${one.name}: differs, ${one.differs}`, () => {
    const result = outcome(one);
    const same =
      one.refused !== undefined
        ? 'refused' in result
        : 'text' in result && equal(one.yaml ? result.text : JSON.parse(result.text), one.gives);
    if (one.differs !== undefined) return assert.not.ok(same, 'no longer differs: remove the note');
    if (one.refused !== undefined)
      return assert.ok('refused' in result, `is accepted; the reference says: ${one.refused}`);
    if ('refused' in result) return assert.unreachable(`is refused: ${result.refused}`);
    assert.equal(one.yaml ? result.text : JSON.parse(result.text), one.gives);
  });
}

function equal(a: unknown, b: unknown): boolean {
  try {
    assert.equal(a, b);
    return true;
  } catch {
    return false;
  }
}

reference.run();
