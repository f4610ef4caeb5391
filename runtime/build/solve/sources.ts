import { FolderTree } from '../files/tree.js';
import { findFrom } from '../graph/graph.js';
import type { Location } from '../parse/ast.js';
import type { SourceFiles, StepScope } from './scope.js';
import { chainOf } from './state.js';
import { viewTree } from './views.js';

/** What `--from=NAME` reads: a named context, a stage before this one, or an image. Without a name: the context. */
export async function sourceFiles(
  scope: StepScope,
  from: string | undefined,
  location: Location,
): Promise<SourceFiles> {
  if (from === undefined || from === '') {
    return { chain: undefined, hidden: scope.context.ignores, tree: async () => scope.context.tree };
  }
  const folder = scope.options.contexts?.[from];
  if (folder !== undefined) {
    const tree = new FolderTree(folder, { owner: { uid: 0, gid: 0 } });
    return { chain: undefined, hidden: false, tree: async () => tree };
  }
  const chain = await fromChain(scope, from, location);
  if (chain !== undefined) scope.held.add(chain);
  return { chain, hidden: false, tree: () => viewTree(scope.lease, chain) };
}

async function fromChain(scope: StepScope, from: string, location: Location) {
  const source = findFrom(from, scope.graph.stages.slice(0, scope.current.index), location);
  if (source.kind === 'scratch') return undefined;
  if (source.kind === 'stage') return chainOf(await scope.stage(source.index));
  const image = await scope.image({
    name: source.name,
    platform: scope.platform,
    strict: scope.options.platform !== undefined,
  });
  return image.chainIds.at(-1);
}
