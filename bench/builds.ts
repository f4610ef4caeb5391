/** Builds through each one's own command: `devenv build`, and `docker build` with BuildKit. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { EngineUnderTest } from './engine-under-test.js';
import { benchImage } from './image.js';
import { type Figure, figure, run } from './measure.js';
import { toolFor } from './projects.js';

const STEPS = 12;
const FOLDERS = 100;
const FILES_EACH = 100;
const RUNS = 7;
const IMAGE = 'devenv-bench-build';

/** `FROM` is the first of the twelve. `mark` makes every step another one than before. */
function twelveSteps(mark: string): string {
  const steps = Array.from({ length: STEPS - 1 }, (_, at) => `RUN echo ${mark} ${at} > /step-${at}\n`);
  return `FROM ${benchImage}\n${steps.join('')}`;
}

async function writeSources(folder: string): Promise<void> {
  for (let at = 0; at < FOLDERS; at++) {
    const place = path.join(folder, `src/${at}`);
    await mkdir(place, { recursive: true });
    for (let file = 0; file < FILES_EACH; file++) {
      await writeFile(path.join(place, `${file}.js`), `export const value = ${at * FILES_EACH + file};\n`.repeat(60));
    }
  }
}

/** Times of one build after what `change` did to the folder. */
async function timeBuilds(
  engine: EngineUnderTest,
  folder: string,
  change: (round: number) => Promise<void>,
): Promise<number[]> {
  const tool = toolFor(engine);
  const values: number[] = [];
  for (let round = -1; round < RUNS; round++) {
    await change(round);
    await sleep(100); // what was written a moment ago is no usual case
    const began = performance.now();
    if (engine.name === 'devenv')
      await run(tool.command, [...tool.prefix, 'build', '-q'], { cwd: folder, env: engine.env });
    else await run('docker', ['build', '-q', '-t', IMAGE, folder], { cwd: folder, env: engine.env });
    if (round >= 0) values.push(performance.now() - began);
  }
  return values;
}

/** Twelve steps cold and cached, and a context of 10,000 files after a change in one of them. */
export async function measureBuilds(engine: EngineUnderTest): Promise<Figure[]> {
  const folder = await mkdtemp('/var/tmp/devenv-bench-build-');
  const dockerfile = (text: string) => writeFile(path.join(folder, 'Dockerfile'), text);
  const name = (what: string) => `${engine.name}: ${what}`;
  try {
    const project = `name: benchbuild\nservices: {one: {image: ${IMAGE}, build: .}}\n`;
    await writeFile(path.join(folder, 'compose.yaml'), project);
    await writeFile(path.join(folder, '.dockerignore'), 'compose.yaml\n');
    const cold = await timeBuilds(engine, folder, (round) => dockerfile(twelveSteps(`${process.pid} ${round}`)));
    const cached = await timeBuilds(engine, folder, async () => undefined);
    await writeSources(folder);
    await dockerfile(`FROM ${benchImage}\nCOPY src /src\nRUN true\n`);
    const file = path.join(folder, 'src/7/7.js');
    const changed = await timeBuilds(engine, folder, (round) => writeFile(file, `${process.pid} ${round}\n`));
    const same = await timeBuilds(engine, folder, async () => undefined);
    return [
      figure(name(`build of ${STEPS} steps, cold`), 'ms', cold),
      figure(name(`build of ${STEPS} steps, all cached`), 'ms', cached),
      figure(name('build of 10,000 files, one changed'), 'ms', changed),
      figure(name('build of 10,000 files, all cached'), 'ms', same),
    ];
  } finally {
    await engine.call('DELETE', `/images/${IMAGE}?force=1`).catch(() => undefined);
    await rm(folder, { recursive: true, force: true });
  }
}
