/** Flags of `up` that exclude each other, in Compose's words. Pure. */
import { UserError } from '../errors.js';
import type { UpWish } from './up-command.js';

/** Throws UserError `contradiction`. A background watch (`--detach --watch`) is none here. */
export function refuseContradictions(wish: UpWish): void {
  const sentence = contradictionOf(wish);
  if (sentence !== undefined) throw new UserError('contradiction', sentence, ['Leave one of them out.']);
}

function contradictionOf(wish: UpWish): string | undefined {
  const onFailure = wish['abort-on-container-failure'] ?? false;
  const onExit = wish['abort-on-container-exit'] || (wish['exit-code-from'] !== undefined && !onFailure);
  const chosen = (wish.attach ?? []).length > 0;
  const dependencies = wish['attach-dependencies'] ?? false;
  if (onExit && onFailure) return '--abort-on-container-failure cannot be combined with --abort-on-container-exit';
  if (chosen && dependencies) return 'cannot combine --attach and --attach-dependencies';
  if ((wish.wait || wish.detach) && (onExit || onFailure || chosen || dependencies))
    return `--${wish.wait ? 'wait' : 'detach'} cannot be combined with --abort-on-container-exit, --abort-on-container-failure, --attach or --attach-dependencies`;
  if (!wish['no-recreate']) return undefined;
  if (wish['renew-anon-volumes']) return '--no-recreate and --renew-anon-volumes are incompatible';
  return wish['always-recreate-deps'] ? '--always-recreate-deps and --no-recreate are incompatible' : undefined;
}
