import { posix } from 'node:path';
import { layerTar } from '../files/layer-tar.js';
import { lookUpOwner } from '../files/owner.js';
import { LayerDraft } from '../files/place.js';
import { resolveInTree } from '../files/resolve.js';
import type { Workdir } from '../instructions/types.js';
import { DockerfileError } from '../parse/errors.js';
import { expand } from './config-steps.js';
import { layerOptions } from './epoch.js';
import { withMetadataHistory } from './history.js';
import { announce, layerStep } from './layer-step.js';
import type { StepScope } from './scope.js';
import { chainOf, type StageState, workingDirectory } from './state.js';
import { viewTree } from './views.js';

/** Makes the folder where it is missing, owned by the stage's user; always a layer, `/` excepted, as in BuildKit. */
export async function workdirStep(scope: StepScope, state: StageState, step: Workdir): Promise<StageState> {
  const written = expand(step.path, state, step, scope);
  // BuildKit keeps an absolute one as it is written, in the image too.
  const path = written.startsWith('/') ? written : join(workingDirectory(state), written);
  const next = { ...state, config: { ...state.config, WorkingDir: path } };
  if (posix.normalize(path) === '/') {
    announce(scope, step, false);
    return withMetadataHistory(next, `WORKDIR ${path}`);
  }
  const user = state.config.User ?? '';
  return layerStep(scope, next, {
    instruction: step,
    createdBy: `WORKDIR ${path}`,
    material: ['workdir', path, user],
    make: async ({ add }) => {
      const view = await viewTree(scope.lease, chainOf(state));
      const draft = new LayerDraft(view);
      const { owner } = await lookUpOwner(view, user);
      const exists = (await resolveInTree(view, path)).entry !== undefined;
      try {
        await draft.makeFolders(path, { owner, mode: undefined, nowMs: Date.now() });
      } catch (cause) {
        throw new DockerfileError((cause as Error).message, step, { cause });
      }
      if (exists) draft.placed.clear();
      return add(layerTar(draft.placed, layerOptions(scope)));
    },
  });
}

function join(folder: string, path: string): string {
  return posix.join('/', folder, path).replace(/(?<=.)\/$/, '');
}
