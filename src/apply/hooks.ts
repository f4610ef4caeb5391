import { attachExec, createExec, inspectExec } from '../engine/containers.js';
import { asFrames, linesOf } from '../engine/streams.js';
import { UserError } from '../errors.js';
import type { Step } from '../model/plan.js';
import type { ApplyContext } from './context.js';
import { environment } from './request/container.js';

interface Hook {
  readonly command: readonly string[];
  readonly user?: string;
  readonly privileged?: boolean;
  readonly working_dir?: string;
  readonly environment?: Readonly<Record<string, string | null>>;
}

/** Runs a service's `post_start` or `pre_stop` commands in its container, one after the other. A failing one stops it. */
export async function runHooks(
  kind: 'post_start' | 'pre_stop',
  { service, id }: { readonly service: string | undefined; readonly id: string },
  context: ApplyContext,
  step: Step,
): Promise<void> {
  const hooks = (service === undefined ? undefined : context.project.services[service]?.[kind]) as
    | readonly Hook[]
    | undefined;
  for (const [index, hook] of (hooks ?? []).entries()) {
    const code = await runHook(hook, id, context, step);
    if (code === 0) continue;
    const at = `services.${service}.${kind}.${index}`;
    throw new UserError(
      'hook-failed',
      `${service} ${kind} hook exited with status ${code}`,
      [`Change ${at}.`],
      context.locate(at),
    );
  }
}

async function runHook(hook: Hook, id: string, { engine, emit }: ApplyContext, step: Step): Promise<number> {
  const exec = await createExec(engine, id, {
    Cmd: hook.command,
    Tty: true,
    AttachStdin: false,
    AttachStdout: true,
    AttachStderr: true,
    Env: environment(hook.environment),
    ...(hook.user ? { User: hook.user } : {}),
    ...(hook.working_dir ? { WorkingDir: hook.working_dir } : {}),
    ...(hook.privileged ? { Privileged: true } : {}),
  });
  const { socket, head } = await attachExec(engine, exec, { Tty: true });
  const output = async function* () {
    if (head.length) yield head;
    yield* socket as AsyncIterable<Buffer>;
  };
  for await (const { text } of linesOf(asFrames(output()))) emit({ kind: 'plan.step.progress', step, text });
  return (await inspectExec(engine, exec)).ExitCode ?? 0;
}
