import { openContext } from '../files/context.js';
import { findFrom } from '../graph/graph.js';
import { givenContext } from './images.js';
import type { SourceFiles, StepScope } from './scope.js';
import { chainOf } from './state.js';
import { viewTree } from './views.js';

/** What `--from=NAME` reads: a named context, a stage before this one, or an image. Without a name: the context. */
export async function sourceFiles(scope: StepScope, from: string | undefined): Promise<SourceFiles> {
  if (from === undefined || from === '') {
    return { chain: undefined, hidden: scope.context.ignores, tree: async () => scope.context.tree };
  }
  const folder = givenContext(scope.options.contexts, from);
  if (folder !== undefined) return contextFiles(folder);
  const chain = await fromChain(scope, from);
  if (chain !== undefined) scope.held.add(chain);
  return { chain, hidden: false, tree: () => viewTree(scope.lease, chain) };
}

/** A folder with the ignore file that lies in it. */
export async function contextFiles(folder: string): Promise<SourceFiles> {
  const { tree, ignores } = await openContext(folder, { dockerfile: undefined });
  return { chain: undefined, hidden: ignores, tree: async () => tree };
}

async function fromChain(scope: StepScope, from: string) {
  const source = findFrom(from, scope.graph.stages.slice(0, scope.current.index), scope.graph.named);
  if (source.kind === 'scratch' || source.kind === 'context') return undefined;
  if (source.kind === 'stage') return chainOf(await scope.stage(source.index));
  const image = await scope.image({
    name: source.name,
    platform: scope.platform,
    strict: scope.options.platform !== undefined,
  });
  return image.chainIds.at(-1);
}
