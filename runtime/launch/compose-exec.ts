import { identityOps, rlimitOps } from './compose-identity.js';
import type { Machine } from './machine.js';
import type { Op } from './program.js';
import type { ExecSpec } from './types.js';

/** Operations of a further process in a running container. */
export function composeExec(spec: ExecSpec, machine: Machine): Op[] {
  const score = spec.oomScoreAdj;
  return [
    ...(score === undefined || score === 0 ? [] : [{ op: 'oom.score', score: String(score) } as const]),
    ...rlimitOps(spec.rlimits ?? []),
    ...joinOps(spec),
    ...(spec.tty ? [terminalOp(spec.ttySize, false)] : []),
    ...identityOps(spec, machine, []),
    { op: 'exec', args: spec.args, env: spec.env, init: false },
  ];
}

/** A terminal belongs to who opens it: in a user namespace that has to be somebody who exists there. */
function joinOps({ uid, userRange }: ExecSpec): Op[] {
  if (userRange === undefined) return [{ op: 'container.join' }];
  return [
    { op: 'stdio.own', uid: userRange.first + uid },
    { op: 'container.join' },
    { op: 'user', uid: 0, gid: 0, groups: [], keep: true },
  ];
}

export function terminalOp(
  size: { readonly rows: number; readonly columns: number } | undefined,
  console: boolean,
): Op {
  return { op: 'terminal', rows: size?.rows ?? 0, columns: size?.columns ?? 0, console };
}
