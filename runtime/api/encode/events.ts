import type { EngineEvent } from '../../engine/events.js';

/** As JSON text, because nanoseconds do not fit into a number; with the fields of old clients for containers and images. */
export function encodeEvent(event: EngineEvent): string {
  const { Type, Action, Actor, scope, time, timeNano } = event;
  const old =
    Type === 'container' || Type === 'image'
      ? {
          status: Action,
          ...(Actor.ID ? { id: Actor.ID } : {}),
          ...(Actor.Attributes.image ? { from: Actor.Attributes.image } : {}),
        }
      : {};
  const text = JSON.stringify({ ...old, Type, Action, Actor, scope, time });
  return `${text.slice(0, -1)},"timeNano":${timeNano}}`;
}
