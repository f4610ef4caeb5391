import type { EngineEvent } from './events.js';
import type { Filters } from './filters.js';

/** Keys that name an object of a kind, by id or name. */
const kinds = ['container', 'image', 'network', 'volume', 'plugin', 'daemon', 'service', 'node', 'secret', 'config'];

function matchesAction(event: EngineEvent, filters: Filters): boolean {
  const wanted = filters.get('event');
  // `exec_start: sh -c …` and `health_status: healthy` are found by their beginning
  return (
    wanted.length === 0 || wanted.some((action) => event.Action === action || event.Action.startsWith(`${action}:`))
  );
}

function matchesObject(event: EngineEvent, kind: string, filters: Filters): boolean {
  if (!filters.has(kind)) return true;
  if (event.Type !== kind) return false;
  const { ID, Attributes } = event.Actor;
  const names = [ID, Attributes.name ?? '', kind === 'image' ? repositoryOf(Attributes.name ?? ID) : ''];
  return filters.get(kind).some((wanted) => names.includes(wanted) || (kind === 'container' && isIdPrefix(wanted, ID)));
}

function repositoryOf(name: string): string {
  return name.startsWith('sha256:') ? name : name.replace(/:[^/:]*$/, '');
}

function isIdPrefix(text: string, id: string): boolean {
  return /^[0-9a-f]{4,}$/.test(text) && id.startsWith(text);
}

/** Docker's rules: values of one key are alternatives, keys all have to match, unknown keys are ignored. */
export function matchesEvent(event: EngineEvent, filters: Filters): boolean {
  return (
    filters.matchesExactly('type', event.Type) &&
    filters.matchesExactly('scope', event.scope) &&
    matchesAction(event, filters) &&
    filters.matchesLabels('label', event.Actor.Attributes) &&
    kinds.filter((kind) => kind !== 'image').every((kind) => matchesObject(event, kind, filters)) &&
    matchesImage(event, filters)
  );
}

/** `image` finds a container's events by the image it stands on, too. */
function matchesImage(event: EngineEvent, filters: Filters): boolean {
  if (!filters.has('image')) return true;
  if (event.Type === 'container') {
    const image = event.Actor.Attributes.image ?? '';
    return filters.get('image').some((wanted) => wanted === image || wanted === repositoryOf(image));
  }
  return matchesObject(event, 'image', filters);
}
