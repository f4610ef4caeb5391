import type { BuildEvent } from '../../engine/build-context.js';
import type { ProgressMessage } from '../wire.js';
import { encodeProgress } from './progress.js';

export const shortId = (id: string) => id.replace(/^sha256:/, '').slice(0, 12);

/** The lines for one event, as the classic builder has them. `quiet` leaves only the image's id, as `docker build -q` prints it. */
export function encodeBuildEvent(event: BuildEvent, quiet: boolean): ProgressMessage[] {
  if (quiet) return event.kind === 'built' ? [{ stream: `${event.imageId}\n` }] : [];
  switch (event.kind) {
    case 'step': {
      const step = { stream: `Step ${event.step}/${event.of} : ${event.instruction}` };
      const cached = event.cached ? [{ stream: ' ---> Using cache\n' }] : [];
      return [step, { stream: '\n' }, ...cached];
    }
    case 'output':
      return [{ stream: event.text }];
    case 'container':
      return [];
    case 'layer':
      return [{ stream: ` ---> ${shortId(event.id)}\n` }];
    case 'pull':
      return [encodeProgress(event)];
    case 'warning':
      return [{ stream: `[Warning] ${event.line === undefined ? '' : `line ${event.line}: `}${event.text}\n` }];
    case 'built':
      return [aux(event.imageId), { stream: `Successfully built ${shortId(event.imageId)}\n` }];
    case 'tagged':
      return [{ stream: `Successfully tagged ${event.name}\n` }];
  }
}

const aux = (imageId: string): ProgressMessage => ({ aux: { ID: imageId } });
