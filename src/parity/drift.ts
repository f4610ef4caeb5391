/** What a project wants against what was locked. Pure. */
import type { LockedService, LockFile } from './lock-file.js';

/** A sentence a difference; empty when the lock file says all that the project needs, and nothing else. */
export function lockDrift(
  lock: LockFile,
  environment: string,
  wanted: Readonly<Record<string, LockedService>>,
): string[] {
  const locked = lock.environments[environment];
  if (!locked) return [`environment ${environment} is not in the lock file`];
  const drift: string[] = [];
  for (const [service, { image: named, bases = [] }] of Object.entries(wanted)) {
    const before = locked[service];
    if (!before) {
      drift.push(`${service} is not locked`);
      continue;
    }
    // What can be built as well is locked without its own image as long as no registry has that.
    const image = before.bases && before.image === undefined && wanted[service]!.bases ? undefined : named;
    if (image !== before.image)
      drift.push(`${service}: image ${before.image ?? 'none'} was locked, ${image ?? 'none'} is wanted`);
    for (const base of bases)
      if (!before.bases?.includes(base)) drift.push(`${service}: its build stands on ${base}, which is not locked`);
    for (const base of before.bases ?? [])
      if (!bases.includes(base)) drift.push(`${service}: ${base} was locked, its build does not stand on it any more`);
    for (const name of image === undefined ? bases : [image, ...bases])
      if (before && !lock.images[name]) drift.push(`${service}: ${name} has no digest in the lock file`);
  }
  for (const service of Object.keys(locked))
    if (!wanted[service]) drift.push(`${service} is locked, and not in the project any more`);
  return drift;
}
