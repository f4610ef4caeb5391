import type { ApiVersion } from './negotiation.js';

/** From 1.42 on a prune takes anonymous volumes alone, unless it is asked for all. */
export function prunesAnonymousOnly(version: ApiVersion, all: boolean): boolean {
  return version.atLeast('1.42') && !all;
}
