import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const repoRoot = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../..');

/** One import statement, both ends as paths of TypeScript files relative to the repo. */
export interface Import {
  readonly from: string;
  readonly to: string;
  readonly typeOnly: boolean;
}

const statement = /^\s*(?:import|export)\s+(type\s+)?(?:[^'";]*?\sfrom\s+)?['"]([^'"]+)['"]/gm;
const dynamic = /\bimport\(\s*['"]([^'"]+)['"]\s*\)/g;

function importsOf(file: string): Import[] {
  const text = readFileSync(path.join(repoRoot, file), 'utf8');
  const resolve = (to: string) => path.normalize(path.join(path.dirname(file), to.replace(/\.js$/, '.ts')));
  const found = [...text.matchAll(statement)].map((match) => ({ typeOnly: Boolean(match[1]), to: match[2]! }));
  const lazy = [...text.matchAll(dynamic)].map((match) => ({ typeOnly: false, to: match[1]! }));
  return [...found, ...lazy]
    .filter(({ to }) => to.startsWith('.'))
    .map(({ to, typeOnly }) => ({ from: file, to: resolve(to), typeOnly }));
}

/** Every relative import of every TypeScript file below the trees. */
export function walkImports(trees: readonly string[]): Import[] {
  const files = trees.flatMap((tree) =>
    readdirSync(path.join(repoRoot, tree), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts'))
      .map((name) => path.join(tree, name)),
  );
  return files.flatMap(importsOf);
}
