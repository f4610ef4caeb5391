/** Keys with `x-` inside of services, networks and the like: no part of what they mean, and printed as YAML only. */
import type { Plain } from '../tree/plain.js';

const EXTENSIONS = Symbol('extensions');

interface Extended {
  [EXTENSIONS]?: Readonly<Record<string, Plain>>;
}

/** Keeps them with the object, where neither JSON nor a comparison of keys sees them. */
export function setExtensions(object: object, extensions: Readonly<Record<string, Plain>>): void {
  (object as Extended)[EXTENSIONS] = extensions;
}

export const extensionsOf = (object: object): Readonly<Record<string, Plain>> => (object as Extended)[EXTENSIONS] ?? {};
