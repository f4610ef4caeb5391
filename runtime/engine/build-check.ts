/** `docker build --check`: what is odd about a Dockerfile, without building it. */
import { contextTree, openContext } from '../build/files/context.js';
import { resolveDockerfile } from '../build/files/resolve.js';
import { readTreeFile } from '../build/files/tree.js';
import { lintFailure } from '../build/lint/lint.js';
import { lexDockerfile } from '../build/parse/lex.js';
import { planBuild } from '../build/plan.js';
import type { BuildOptions } from '../build/types.js';
import { EngineError } from '../errors.js';
import type { BuildContext } from './build-context.js';
import type { Engine } from './engine.js';

export interface CheckResult {
  readonly dockerfile: string;
  readonly warnings: readonly { readonly line: number | undefined; readonly rule: string; readonly detail: string }[];
  /** `# check=error=true` makes warnings a failure. */
  readonly failure: string | undefined;
}

/** Throws as a build does for a Dockerfile that is wrong. */
export async function checkBuild(
  engine: Engine,
  context: Pick<BuildContext, 'directory' | 'tree' | 'dockerfile'>,
  options: Pick<BuildOptions, 'target' | 'buildArgs' | 'platform'>,
): Promise<CheckResult> {
  const { dockerfile } = context;
  const source = contextTree(context.tree ?? context.directory);
  const path = 'path' in dockerfile ? dockerfile.path : undefined;
  const text = 'text' in dockerfile ? dockerfile.text : await readDockerfile(source, dockerfile.path);
  const { leavesOut } = await openContext(source, { dockerfile: path });
  const { images } = engine.foundations;
  const bases = {
    baseEnv: (one: string) => images.find(one)?.config.Env,
    basePlatform: (one: string) => images.find(one)?.platform,
  };
  const name = path ?? 'Dockerfile';
  const { warnings } = planBuild(text, name, { ...options, ...bases, ignored: leavesOut });
  const failure = lintFailure({ source: lexDockerfile(text), buildArgs: options.buildArgs }, warnings);
  const parts = warnings.map(({ line, text: said }) => {
    const at = said.indexOf(': ');
    return { line, rule: said.slice(0, at), detail: said.slice(at + 2) };
  });
  return { dockerfile: name, warnings: parts, failure };
}

async function readDockerfile(tree: ReturnType<typeof contextTree>, written: string): Promise<string> {
  const { path, entry } = await resolveDockerfile(tree, written);
  if (entry?.type !== 'file') throw new EngineError('invalid', `Cannot locate specified Dockerfile: ${written}`);
  return (await readTreeFile(tree, path)).toString();
}
