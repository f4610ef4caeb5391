import type { EngineUnderTest } from './engine-under-test.js';
import { benchImage } from './image.js';
import { type Figure, figure, run, time } from './measure.js';

export async function measureDockerRun(engine: EngineUnderTest): Promise<Figure> {
  const values = await time(async () => {
    await run('docker', ['run', '--rm', benchImage, '/bin/true'], {
      env: { ...process.env, DOCKER_HOST: `unix://${engine.socket}` },
    });
  });
  return figure(`${engine.name}: docker run --rm of true`, 'ms', values);
}
