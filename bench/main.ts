/**
 * `npm run bench [-- --json FILE]`: our figures beside Docker's in one run on one machine. Docker is the engine of DOCKER_HOST or of the
 * default socket; without one its rows are left out. Needs root, gcc, ip and busybox-static.
 */
import { writeFile } from 'node:fs/promises';
import { measureDockerRun, measureMemory, measureRunThroughApi } from './containers.js';
import { type EngineUnderTest, findDocker, startOurs } from './engine-under-test.js';
import { measureFloor } from './floor.js';
import { busyboxRoot, importBenchImage } from './image.js';
import { type Figure, run } from './measure.js';
import { measureProject } from './projects.js';

const figures: Figure[] = [];

function report(...found: readonly Figure[]) {
  for (const one of found) {
    figures.push(one);
    const digits = one.median < 100 ? 2 : 0;
    const text = (value: number) => value.toFixed(digits).padStart(9);
    console.log(
      `${one.name.padEnd(62)}${text(one.median)} ${one.unit}  (${text(one.minimum)} to ${text(one.maximum)}, ${one.runs} runs)`,
    );
  }
}

async function measureEngine(engine: EngineUnderTest, root: Buffer, hasDockerCommand: boolean) {
  await importBenchImage(engine, root);
  report(await measureRunThroughApi(engine));
  if (hasDockerCommand) report(await measureDockerRun(engine));
  for (const count of [3, 30]) report(...(await measureProject(engine, count)));
  report(...(await measureMemory(engine)));
}

function reportRatios() {
  const median = (name: string) => figures.find((one) => one.name === name)?.median;
  const pairs = figures
    .filter((one) => one.name.startsWith('devenv: '))
    .map((one) => ({
      one,
      others: [one.name.replace('devenv:', 'Docker:'), one.name.replace('devenv:', 'docker compose:')],
    }));
  for (const { one, others } of pairs) {
    const peer = others.map(median).find((value) => value !== undefined);
    if (peer !== undefined)
      console.log(
        `${one.name.replace('devenv: ', '').padEnd(62)} ${(peer / one.median).toFixed(1)} times less than Docker`,
      );
  }
}

const jsonAt = process.argv.indexOf('--json');
report(await measureFloor());
const root = await busyboxRoot();
const hasDockerCommand = await run('docker', ['--version']).then(
  () => true,
  () => false,
);
for (const engine of [await startOurs(), await findDocker()]) {
  if (!engine) continue;
  try {
    await measureEngine(engine, root, hasDockerCommand);
  } finally {
    await engine.stop();
  }
}
reportRatios();
if (jsonAt >= 0) await writeFile(process.argv[jsonAt + 1]!, `${JSON.stringify(figures, null, 2)}\n`);
