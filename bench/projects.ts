import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { EngineUnderTest } from './engine-under-test.js';
import { benchImage } from './image.js';
import { type Figure, figure, rounds, run, time } from './measure.js';

const repoRoot = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');

/** SIGKILL as stop signal, so that `down` measures the tools and not sleep's deafness to SIGTERM. */
function composeFile(count: number): string {
  const service = (i: number) =>
    `  s${i}:\n    image: ${benchImage}\n    command: ["/bin/sleep", "1000000"]\n    stop_signal: SIGKILL\n`;
  return `name: bench${count}\nservices:\n${Array.from({ length: count }, (_, i) => service(i + 1)).join('')}`;
}

interface Tool {
  readonly name: string;
  readonly command: string;
  readonly prefix: readonly string[];
}

export function toolFor(engine: EngineUnderTest): Tool {
  if (engine.name === 'devenv')
    return { name: 'devenv', command: process.execPath, prefix: [path.join(repoRoot, 'bin/devenv')] };
  return { name: 'docker compose', command: 'docker', prefix: ['compose'] };
}

/** What needs no engine: the start of the command line beside Node's own, and `config` of 30 services. */
export async function measureCommandLine(engine: EngineUnderTest): Promise<Figure[]> {
  const tool = toolFor(engine);
  const folder = await mkdtemp('/var/tmp/devenv-bench-project-');
  await writeFile(path.join(folder, 'compose.yaml'), composeFile(30));
  const taken = (command: string, ...args: string[]) =>
    time(async () => {
      await run(command, args, { cwd: folder, env: engine.env });
    });
  const version = tool.name === 'devenv' ? ['--version'] : ['version'];
  const figures = [
    figure(`${tool.name}: version`, 'ms', await taken(tool.command, ...tool.prefix, ...version)),
    figure(`${tool.name}: config of 30`, 'ms', await taken(tool.command, ...tool.prefix, 'config')),
  ];
  if (tool.name === 'devenv') figures.push(figure('node -e 0', 'ms', await taken(process.execPath, '-e', '0')));
  await rm(folder, { recursive: true, force: true });
  return figures;
}

/** What a daemon with a short queue of connections (net.core.somaxconn) still takes from Compose at once. */
const patientParallel = '4';

/**
 * `up --detach` first and again, and `down`, of `count` idle services. Compose opens a connection for each of them: where
 * Docker's queue is too short for that, it is measured with COMPOSE_PARALLEL_LIMIT, and that is told.
 */
export async function measureProject(engine: EngineUnderTest, count: number): Promise<Figure[]> {
  const folder = await mkdtemp('/var/tmp/devenv-bench-project-');
  await writeFile(path.join(folder, 'compose.yaml'), composeFile(count));
  try {
    return await measureIn(folder, engine, count);
  } catch (error) {
    if (engine.name === 'devenv' || !String(error).includes('Cannot connect to the Docker daemon')) throw error;
    console.log(
      `docker compose, ${count} services: refused connections; again with COMPOSE_PARALLEL_LIMIT=${patientParallel}`,
    );
    const patient = { ...engine, env: { ...engine.env, COMPOSE_PARALLEL_LIMIT: patientParallel } };
    await run('docker', ['compose', 'down'], { cwd: folder, env: patient.env });
    return await measureIn(folder, patient, count);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function measureIn(folder: string, engine: EngineUnderTest, count: number): Promise<Figure[]> {
  const tool = toolFor(engine);
  const call = async (...args: string[]) => {
    const began = performance.now();
    await run(tool.command, [...tool.prefix, ...args], { cwd: folder, env: engine.env });
    return performance.now() - began;
  };
  const first: number[] = [];
  const again: number[] = [];
  const down: number[] = [];
  for (let round = -1; round < rounds; round++) {
    const taken = [await call('up', '--detach'), await call('up', '--detach'), await call('down')] as const;
    if (round < 0) continue;
    first.push(taken[0]);
    again.push(taken[1]);
    down.push(taken[2]);
  }
  return [
    figure(`${tool.name}: up --detach of ${count}`, 'ms', first),
    figure(`${tool.name}: up --detach of ${count}, unchanged`, 'ms', again),
    figure(`${tool.name}: down of ${count}`, 'ms', down),
  ];
}
