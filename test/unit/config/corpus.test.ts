import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { UserError, UserErrors } from '../../../src/errors.js';
import { type CorpusCase, corpusCases, corpusFolder, golden, runCase } from './corpus-cases.js';

const projects = suite('projects from the field');
const folder = corpusFolder();

function outcome(corpus: string, one: CorpusCase): { text: string } | { refused: Error } {
  try {
    return { text: runCase(corpus, one) };
  } catch (error) {
    // Anything but a mistake of the person is a bug of ours.
    if (error instanceof UserError || error instanceof UserErrors) return { refused: error };
    throw error;
  }
}

function checkCase(corpus: string, one: CorpusCase): void {
  const result = outcome(corpus, one);
  if (one.expect.exit !== 0) {
    assert.ok('refused' in result, `is accepted; the reference says: ${one.expect.stderr.join(' | ')}`);
    return;
  }
  if ('refused' in result) assert.unreachable(`is refused: ${result.refused.message}`);
  else assert.equal(JSON.parse(result.text), JSON.parse(golden(corpus, one)));
}

if (folder === undefined) {
  console.log(
    'The corpus of Compose projects is not on this machine (DEVENV_CORPUS names its folder): nothing to compare with.',
  );
  projects.skip('gives what docker compose config gives', () => {});
} else {
  for (const one of corpusCases(folder)) {
    const gives = one.expect.exit === 0 ? "gives the reference's JSON" : 'is refused, as by the reference';
    projects(`${one.name} ${gives}`, () => checkCase(folder, one));
  }
}

projects.run();
