import type { Engine } from '../engine/engine.js';

/** Ends every container at once, for an engine that is told to leave nothing behind. None of them is started again. */
export async function killAll(engine: Engine): Promise<void> {
  engine.leaving = true;
  const running = engine.containers.all().filter(({ isRunning }) => isRunning);
  await Promise.all(
    running.map(async (container) => {
      container.endingByHand = true;
      await container.monitor?.signal(9);
      await container.monitor?.exited;
      await container.settled;
    }),
  );
}
