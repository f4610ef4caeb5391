import type { EngineClient } from '../engine/client.js';
import { attachExec, createExec, inspectExec } from '../engine/containers.js';
import { asFrames, linesOf } from '../engine/streams.js';
import { UserError } from '../errors.js';
import type { ExecWish, Step } from '../model/plan.js';
import type { ApplyContext } from './context.js';
import { environment } from './request/container.js';

/** Runs a service's `post_start` or `pre_stop` commands in its container, one after the other. A failing one stops it. */
export async function runHooks(
  kind: 'post_start' | 'pre_stop',
  { service, id }: { readonly service: string | undefined; readonly id: string },
  context: ApplyContext,
  step: Step,
): Promise<void> {
  const hooks = (service === undefined ? undefined : context.project.services[service]?.[kind]) as
    | readonly ExecWish[]
    | undefined;
  for (const [index, hook] of (hooks ?? []).entries()) {
    const code = await runInContainer(hook, id, context.engine, (text) =>
      context.emit({ kind: 'plan.step.progress', step, text }),
    );
    if (code === 0) continue;
    const at = `services.${service}.${kind}.${index}`;
    throw new UserError(
      'hook-failed',
      `${service} hook exited with status ${code}`,
      [`Change ${at}.`],
      context.locate(at),
    );
  }
}

/** Gives its exit code; each line that it prints goes to `onLine`. */
export async function runInContainer(
  wish: ExecWish,
  id: string,
  engine: EngineClient,
  onLine: (text: string) => void,
): Promise<number> {
  const exec = await createExec(engine, id, {
    Cmd: wish.command,
    Tty: true,
    AttachStdin: false,
    AttachStdout: true,
    AttachStderr: true,
    Env: environment(wish.environment),
    ...(wish.user ? { User: wish.user } : {}),
    ...(wish.working_dir ? { WorkingDir: wish.working_dir } : {}),
    ...(wish.privileged ? { Privileged: true } : {}),
  });
  const { socket, head } = await attachExec(engine, exec, { Tty: true });
  const output = async function* () {
    if (head.length) yield head;
    yield* socket as AsyncIterable<Buffer>;
  };
  for await (const { text } of linesOf(asFrames(output()))) onLine(text);
  return (await inspectExec(engine, exec)).ExitCode ?? 0;
}
