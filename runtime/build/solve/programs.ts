import { spawn } from 'node:child_process';
import type { Readable } from 'node:stream';
import { EngineError } from '../../errors.js';
import type { Launcher } from '../../launch/types.js';

/** Runs a program of this machine to its end. Never throws for an exit code. */
export type RunProgram = (args: readonly string[]) => Promise<{ code: number; stdout: string; stderr: string }>;

/** Through the launcher where there is one: Node does not fork then. */
export function programRunner(launcher: Pick<Launcher, 'spawn'> | undefined): RunProgram {
  return launcher === undefined ? runHere : (args) => launcher.spawn(args);
}

function runHere(args: readonly string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(args[0]!, args.slice(1), { stdio: ['ignore', 'pipe', 'pipe'] });
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => err.push(chunk));
    child.on('error', reject);
    child.on('close', (code) =>
      resolve({ code: code ?? 255, stdout: Buffer.concat(out).toString(), stderr: Buffer.concat(err).toString() }),
    );
  });
}

/** Throws EngineError('system') with what the program said. */
export async function mustRun(run: RunProgram, args: readonly string[], doing: string): Promise<string> {
  const { code, stdout, stderr } = await run(args);
  if (code === 0) return stdout;
  throw new EngineError('system', `${doing}: ${args[0]} ended with ${code}: ${stderr.trim() || stdout.trim()}`);
}

/** Pipes a stream through a program, e.g. a decompressor. The result fails when the program does. */
export function throughProgram(args: readonly string[], input: Readable): Readable {
  const child = spawn(args[0]!, args.slice(1), { stdio: ['pipe', 'pipe', 'pipe'] });
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => {
    said += chunk.toString();
  });
  const fail = (error: Error) => child.stdout.destroy(error);
  child.on('error', (cause: NodeJS.ErrnoException) =>
    fail(
      cause.code === 'ENOENT'
        ? new EngineError('system', `the program ${args[0]} is needed to unpack this archive, and is not installed`)
        : cause,
    ),
  );
  child.on('exit', (code) => {
    if (code !== 0) fail(new Error(`${args[0]} ended with ${code}: ${said.trim()}`));
  });
  input.on('error', fail);
  child.stdin.on('error', () => input.destroy());
  input.pipe(child.stdin);
  return child.stdout;
}
