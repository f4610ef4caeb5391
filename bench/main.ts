/**
 * `npm run bench [-- [--only PART,PART] [--json FILE]]`: our figures beside Docker's in one run on one machine. Docker is the engine of
 * DOCKER_HOST or of the default socket; without one its rows are left out. Needs root, gcc, ip and busybox-static.
 * Parts: operations, streams, crowd, projects, builds, watch, template (needs Debian's archive and some minutes), images
 * (needs docker-registry).
 */
import { writeFile } from 'node:fs/promises';
import { measureBuilds } from './builds.js';
import { measureDockerRun } from './containers.js';
import { measureCrowd } from './crowd.js';
import { type EngineUnderTest, findDocker, startOurs } from './engine-under-test.js';
import { measureFloor } from './floor.js';
import { busyboxRoot, importBenchImage } from './image.js';
import { measureImages } from './images.js';
import { type Figure, run } from './measure.js';
import { measureCreateAndStart, measureLiving, measureRunThroughApi } from './operations.js';
import { measureCommandLine, measureProject } from './projects.js';
import { measureAttach, measureLogs } from './streams.js';
import { measureTemplate } from './template.js';
import { measureWatch } from './watch.js';

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

const onlyAt = process.argv.indexOf('--only');
const only = onlyAt < 0 ? undefined : process.argv[onlyAt + 1]?.split(',');
const wants = (part: string) => only === undefined || only.includes(part);

async function measureEngine(engine: EngineUnderTest, root: Buffer, hasDockerCommand: boolean) {
  await importBenchImage(engine, root);
  if (wants('operations')) {
    report(await measureRunThroughApi(engine), await measureCreateAndStart(engine), ...(await measureLiving(engine)));
    if (hasDockerCommand) report(await measureDockerRun(engine));
  }
  if (wants('streams')) report(...(await measureLogs(engine)), await measureAttach(engine));
  if (wants('crowd')) report(...(await measureCrowd(engine)));
  if (wants('projects')) report(...(await measureCommandLine(engine)));
  if (wants('projects')) for (const count of [3, 30]) report(...(await measureProject(engine, count)));
  if (wants('builds')) report(...(await measureBuilds(engine)));
  if (wants('watch')) report(...(await measureWatch(engine)));
  if (wants('template')) report(...(await measureTemplate(engine)));
  if (wants('images')) report(...(await measureImages(engine)));
}

const isRate = (one: Figure) => one.unit.endsWith('/s');

function reportRatios() {
  const found = (name: string) => figures.find((one) => one.name === name);
  for (const one of figures) {
    if (!one.name.startsWith('devenv: ')) continue;
    const peer = found(one.name.replace('devenv:', 'Docker:')) ?? found(one.name.replace('devenv:', 'docker compose:'));
    if (peer === undefined) continue;
    const ratio = isRate(one) ? one.median / peer.median : peer.median / one.median;
    const words = isRate(one) ? "times Docker's" : 'times less than Docker';
    console.log(`${one.name.replace('devenv: ', '').padEnd(62)} ${ratio.toFixed(1)} ${words}`);
  }
}

const jsonAt = process.argv.indexOf('--json');
if (wants('operations')) report(await measureFloor());
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
