/** Every `test/fixtures/build/NAME.Dockerfile` beside `NAME.txt`: what it means, or why it is wrong. UPDATE_GOLDEN=1 writes them. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { buildGraph, type Source } from '../../../runtime/build/graph/graph.js';
import { parseInstruction } from '../../../runtime/build/instructions/parse.js';
import { lint } from '../../../runtime/build/lint/lint.js';
import { lexDockerfile } from '../../../runtime/build/parse/lex.js';
import { tellFailure } from '../../../runtime/build/solve/failures.js';

const folder = join(import.meta.dirname, '../../../../test/fixtures/build');
const golden = suite('golden Dockerfiles');

for (const file of readdirSync(folder).filter((name) => name.endsWith('.Dockerfile'))) {
  const name = file.replace('.Dockerfile', '');
  golden(name, () => {
    const got = describe(readFileSync(join(folder, file), 'utf8'));
    const path = join(folder, `${name}.txt`);
    if (process.env.UPDATE_GOLDEN) writeFileSync(path, got);
    assert.fixture(got, readFileSync(path, 'utf8'));
  });
}

function describe(text: string): string {
  try {
    return explain(text);
  } catch (error) {
    return `${(tellFailure(error, { name: 'Dockerfile', text }) as Error).message}\n`;
  }
}

function explain(text: string): string {
  const source = lexDockerfile(text);
  const { escapeToken } = source.directives;
  const instructions = source.instructions.map((one) => parseInstruction(one, { escapeToken }));
  const graph = buildGraph(instructions, { escapeToken, target: undefined, buildArgs: {}, predefined: new Map() });
  const lines = lint({ source, instructions, graph, buildArgs: {} }).map((one) => `warning ${one.line} ${one.text}`);
  for (const [key, value] of graph.globals) lines.push(`global ${key}=${value ?? ''}`);
  for (const stage of graph.stages) {
    const unused = graph.needed.includes(stage) ? '' : ' (not needed)';
    const needs = stage.needs.length > 0 ? ` needs ${stage.needs.join(', ')}` : '';
    lines.push(`stage ${stage.index} ${stage.name ?? '-'} from ${showSource(stage.base)}${needs}${unused}`);
    for (const { kind, text: _, line, endLine, ...rest } of stage.instructions) {
      const at = line === endLine ? `${line}` : `${line}-${endLine}`;
      lines.push(`  ${at} ${kind} ${JSON.stringify(rest)}`);
    }
  }
  return `${lines.join('\n')}\n`;
}

function showSource(source: Source): string {
  if (source.kind === 'stage') return `stage ${source.index}`;
  return source.kind === 'image' ? `image ${source.name}` : 'scratch';
}

golden.run();
