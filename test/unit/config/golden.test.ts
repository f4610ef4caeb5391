/**
 * Each folder of `test/fixtures/config` is a project; `request.json` says how it is loaded, `expected.json` and `expected.yaml` hold
 * what is printed, `expected.txt` what the person is told: mistakes or warnings. `UPDATE_GOLDEN=1` rewrites them.
 */
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { loadFrom, loadRaw } from '../../../src/config/load.js';
import { projectJson, rawJson } from '../../../src/config/print/json.js';
import { projectYaml } from '../../../src/config/print/yaml.js';
import type { FileReader } from '../../../src/config/reader.js';
import type { LoadRequest } from '../../../src/config/types.js';
import { type Location, UserError, UserErrors } from '../../../src/errors.js';

const golden = suite('configs and what becomes of them');
const root = new URL('../../../../test/fixtures/config', import.meta.url).pathname;
/** The projects are read as if they stood here, far from any other config. */
const MADE_UP = '/fixtures';

const reader: FileReader = {
  read: (path) => readFileSync(real(path), 'utf8'),
  kind: (path) => {
    const stat = path.startsWith(MADE_UP) ? statSync(real(path), { throwIfNoEntry: false }) : undefined;
    return stat === undefined ? undefined : stat.isDirectory() ? 'folder' : 'file';
  },
};

const real = (path: string): string => join(root, relative(MADE_UP, path));

interface Outcome {
  readonly 'expected.json'?: string;
  readonly 'expected.yaml'?: string;
  readonly 'expected.txt'?: string;
}

function load(name: string): Outcome {
  const file = join(root, name, 'request.json');
  const given = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Partial<LoadRequest>) : {};
  const folder = join(MADE_UP, name);
  const env = { HOME: '/home/me', ...given.env };
  const request: LoadRequest = {
    files: [],
    envFiles: [],
    profiles: [],
    ...given,
    cwd: join(folder, given.cwd ?? ''),
    env,
  };
  const outcome = run(request);
  const entries = Object.entries(outcome).map(([key, text]) => [
    key,
    `${text.replaceAll(folder, '@DIR@').trimEnd()}\n`,
  ]);
  return Object.fromEntries(entries);
}

function run(request: LoadRequest): Outcome {
  try {
    if (request.options?.noInterpolate) return { 'expected.json': rawJson(loadRaw(request, reader)) };
    const { project, warnings } = loadFrom(request, reader);
    const said = warnings.map(({ text, location }) => `${place(location)} ${text}`);
    return {
      'expected.json': projectJson(project),
      'expected.yaml': projectYaml(project),
      ...(said.length > 0 ? { 'expected.txt': said.join('\n') } : {}),
    };
  } catch (error) {
    const errors = error instanceof UserErrors ? error.errors : [error];
    return { 'expected.txt': errors.map(told).join('\n') };
  }
}

const place = (location: Location | undefined): string =>
  location ? `${location.file}:${location.line}:${location.column}` : '-';

function told(error: unknown): string {
  if (!(error instanceof UserError)) throw error;
  const head = `${place(error.location)} ${error.code}\n  ${error.message}`;
  return [head, ...error.nextSteps.map((step) => `    ${step}`)].join('\n');
}

const FILES = ['expected.json', 'expected.yaml', 'expected.txt'] as const;

for (const name of readdirSync(root).sort()) {
  golden(name.replaceAll('-', ' '), () => {
    const outcome = load(name);
    for (const key of FILES) {
      const file = join(root, name, key);
      const text = outcome[key];
      if (process.env.UPDATE_GOLDEN) {
        if (text === undefined) rmSync(file, { force: true });
        else writeFileSync(file, text);
      }
      const known = existsSync(file) ? readFileSync(file, 'utf8') : undefined;
      assert.is(text, known, `${dirname(file)}: ${key}`);
    }
  });
}

golden.run();
