/** How long an engine lets a client wait while it works for another, asked from a thread that does nothing else. */
import { request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';

const EVERY_MS = 20;

/** Settles with what `work` gives and the slowest answer to a ping meanwhile, in milliseconds. */
export async function attentive<T>(socket: string, work: () => Promise<T>): Promise<{ value: T; slowestMs: number }> {
  const worker = new Worker(new URL(import.meta.url), { workerData: socket });
  await new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject));
  try {
    const value = await work();
    const told = new Promise<number>((resolve) => worker.once('message', resolve));
    worker.postMessage('enough');
    return { value, slowestMs: await told };
  } finally {
    await worker.terminate();
  }
}

async function askUntilTold(socketPath: string): Promise<void> {
  let over = false;
  parentPort!.once('message', () => {
    over = true;
  });
  await ping(socketPath);
  parentPort!.postMessage('ready');
  let slowestMs = 0;
  while (!over) {
    const began = performance.now();
    await ping(socketPath);
    slowestMs = Math.max(slowestMs, performance.now() - began);
    await sleep(EVERY_MS);
  }
  parentPort!.postMessage(slowestMs);
}

function ping(socketPath: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const asked = request({ socketPath, path: '/_ping', agent: false }, (response) => {
      response.resume().once('end', () => resolve());
    });
    asked.once('error', reject).end();
  });
}

if (!isMainThread) await askUntilTold(workerData as string);
