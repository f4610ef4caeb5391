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
/** Rounds in which even so a connection was refused are done again, but not for ever. */
const patience = 40;

const isRefusal = (error: unknown): boolean => String(error).includes('Cannot connect to the Docker daemon');

type Call = (...args: string[]) => Promise<number>;

/**
 * `up --detach` first and again, and `down`, of `count` idle services. Compose opens a connection for each of them: where
 * Docker's queue is too short for that, it is measured with COMPOSE_PARALLEL_LIMIT, and that is told.
 */
export async function measureProject(engine: EngineUnderTest, count: number): Promise<Figure[]> {
  const folder = await mkdtemp('/var/tmp/devenv-bench-project-');
  await writeFile(path.join(folder, 'compose.yaml'), composeFile(count));
  const tool = toolFor(engine);
  const env: NodeJS.ProcessEnv = { ...engine.env };
  const call: Call = async (...args) => {
    const began = performance.now();
    await run(tool.command, [...tool.prefix, ...args], { cwd: folder, env });
    return performance.now() - began;
  };
  try {
    const taken = await takeRounds(call, tool, env);
    const column = (index: number) => taken.map((round) => round[index]!);
    return [
      figure(`${tool.name}: up --detach of ${count}`, 'ms', column(0)),
      figure(`${tool.name}: up --detach of ${count}, unchanged`, 'ms', column(1)),
      figure(`${tool.name}: down of ${count}`, 'ms', column(2)),
    ];
  } finally {
    await takeDown(call);
    await rm(folder, { recursive: true, force: true });
  }
}

/** Also this may be refused. */
async function takeDown(call: Call): Promise<void> {
  for (let attempt = 0; attempt < 5; attempt++) {
    const isDown = await call('down').then(
      () => true,
      () => false,
    );
    if (isDown) return;
  }
}

/** The first one does not count. `env`: what `call` gives its program. */
async function takeRounds(call: Call, tool: Tool, env: NodeJS.ProcessEnv): Promise<(readonly number[])[]> {
  const taken: (readonly number[])[] = [];
  let refused = 0;
  while (taken.length <= rounds) {
    try {
      taken.push([await call('up', '--detach'), await call('up', '--detach'), await call('down')]);
    } catch (error) {
      if (tool.name === 'devenv' || !isRefusal(error) || ++refused > patience) throw error;
      env.COMPOSE_PARALLEL_LIMIT = patientParallel;
      await takeDown(call);
    }
  }
  if (refused > 0) {
    console.log(
      `${tool.name}: connections were refused in ${refused} rounds; COMPOSE_PARALLEL_LIMIT=${patientParallel}`,
    );
  }
  return taken.slice(1);
}
