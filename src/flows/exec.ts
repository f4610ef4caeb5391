import { attachExec, createExec, inspectExec, resizeExec, startExecDetached } from '../engine/containers.js';
import { chooseOne } from './containers.js';
import { givenVariables } from './given-variables.js';
import { converse } from './raw-terminal.js';
import type { Session } from './session.js';

export interface ExecRequest {
  readonly service: string;
  readonly command: readonly string[];
  readonly index: number | undefined;
  readonly detach: boolean;
  /** Undefined: as our own streams are. */
  readonly tty: boolean | undefined;
  readonly interactive: boolean;
  readonly user: string | undefined;
  /** `KEY=VALUE`, or `KEY` alone. */
  readonly environment: readonly string[];
  readonly workingDir: string | undefined;
  readonly privileged: boolean;
}

/** What is told without a value and has none is taken away from the command, as a key alone does in the Engine API. */
function execEnvironment(
  { environment }: ExecRequest,
  variables: Readonly<Record<string, string | undefined>>,
): string[] {
  const { values, unknown } = givenVariables(environment, variables);
  return [...Object.entries(values).map(([key, value]) => `${key}=${value}`), ...unknown];
}

/** Runs a command in a service's container. Gives its exit code. */
export async function execInService(session: Session, request: ExecRequest): Promise<number> {
  const { world } = session;
  const { engine, known, container } = await chooseOne(session, request.service, { index: request.index });
  const tty = request.tty ?? (!request.detach && world.stdin.isTTY === true && world.stdout.isTTY === true);
  const size = consoleSize(session, tty);
  const execId = await createExec(engine, container.id, {
    Cmd: request.command,
    Tty: tty,
    AttachStdin: request.interactive && !request.detach,
    AttachStdout: !request.detach,
    AttachStderr: !request.detach,
    Env: execEnvironment(request, known.loaded?.variables ?? world.env),
    Privileged: request.privileged,
    ...(request.user ? { User: request.user } : {}),
    ...(request.workingDir ? { WorkingDir: request.workingDir } : {}),
    ...size,
  });
  if (request.detach) {
    await startExecDetached(engine, execId);
    return 0;
  }
  const { socket, head } = await attachExec(engine, execId, { Tty: tty, ...size });
  const resize = (rows: number, columns: number) => resizeExec(engine, execId, rows, columns);
  await converse(world, { socket, head, tty, stdin: request.interactive, resize });
  return (await inspectExec(engine, execId)).ExitCode ?? 0;
}

function consoleSize({ world }: Session, tty: boolean): { ConsoleSize?: readonly [number, number] } {
  const { rows, columns } = world.stdout;
  return tty && rows && columns ? { ConsoleSize: [rows, columns] } : {};
}
