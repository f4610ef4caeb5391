/** Logs that are rotated and compressed: what is kept, and that a reader misses nothing. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ask } from '../support/api.js';
import { importBusybox } from '../support/busybox.js';
import { Containers } from '../support/containers.js';
import { startEngine, type TestEngine } from '../support/engine.js';

const rotation = suite('rotated logs');
let engine: TestEngine;
let containers: Containers;
rotation.before(async () => {
  engine = await startEngine();
  await importBusybox(engine);
  containers = new Containers(engine);
});
rotation.after.each(() => containers.clear());
rotation.after(() => engine.stop());

const lines = 300;
const line = (number: number) => `line ${number} ${'a'.repeat(40)}`;
const script = (pause: string) =>
  `i=0; while [ $i -lt ${lines} ]; do echo line $i ${'a'.repeat(40)}; i=$((i+1)); ${pause} done`;
/** With a terminal, so that a log is text. */
const logConfig = (Config: Record<string, string>, Type = 'json-file') => ({
  Tty: true,
  HostConfig: { LogConfig: { Type, Config } },
});

async function logOf(id: string, query = ''): Promise<string[]> {
  const { text } = await ask(engine, 'GET', `/containers/${id}/logs?stdout=1${query}`);
  return text.split('\r\n').filter(Boolean);
}

async function ended(pause: string, config: object): Promise<string> {
  const id = await containers.running({ Cmd: ['sh', '-c', script(pause)], ...config });
  await ask(engine, 'POST', `/containers/${id}/wait`);
  return id;
}

function expectTheLast(kept: readonly string[], fewest: number): void {
  const first = lines - kept.length;
  assert.ok(kept.length >= fewest && first > 0, `${kept.length} lines are kept`);
  assert.equal(
    kept,
    kept.map((_, index) => line(first + index)),
  );
}

rotation('keep whole lines of the last files, however fast they came', async () => {
  const id = await ended('', logConfig({ 'max-size': '2k', 'max-file': '3' }));
  expectTheLast(await logOf(id), 30);
  assert.equal(await logOf(id, '&tail=2'), [line(lines - 2), line(lines - 1)]);
});

rotation('are read as one where the older ones are compressed', async () => {
  const id = await ended('sleep 0.002;', logConfig({ 'max-size': '2k', 'max-file': '4', compress: 'true' }));
  expectTheLast(await logOf(id), 45);
});

rotation('of one file begin anew', async () => {
  const kept = await logOf(await ended('', logConfig({ 'max-size': '2k' })));
  assert.ok(kept.length < 100);
  assert.is(kept.at(-1), line(lines - 1));
});

rotation('are followed over every rotation', async () => {
  const config = logConfig({ 'max-size': '3k', 'max-file': '5', compress: 'true' });
  const id = await containers.running({ Cmd: ['sh', '-c', script('sleep 0.005;')], ...config });
  const followed = await logOf(id, '&follow=1');
  assert.equal(
    followed,
    Array.from({ length: lines }, (_, number) => line(number)),
  );
});

const refused: readonly (readonly [config: Record<string, string>, type: string, why: string])[] = [
  [{ 'max-size': 'x' }, 'json-file', "invalid size: 'x'"],
  [{ 'max-size': '0' }, 'json-file', 'max-size must be a positive number'],
  [{ 'max-file': '0' }, 'json-file', 'max-file cannot be less than 1'],
  [{ 'max-file': 'x' }, 'json-file', 'strconv.Atoi: parsing "x": invalid syntax'],
  [{ compress: 'x' }, 'json-file', 'strconv.ParseBool: parsing "x": invalid syntax'],
  [
    { compress: 'true', 'max-size': '1m' },
    'json-file',
    'compress cannot be true when max-file is less than 2 or max-size is not set',
  ],
  [{ 'max-size': 'x' }, 'local', "invalid value for max-size: x: invalid size: 'x'"],
  [{ 'max-file': '1' }, 'local', 'compression cannot be enabled when max file count is 1'],
];

rotation('with values that are none fail the start', async () => {
  for (const [config, type, why] of refused) {
    const id = await containers.created({ Cmd: ['true'], ...logConfig(config, type) });
    const { status, json } = await engine.request('POST', `/containers/${id}/start`);
    assert.is(status, 500);
    assert.is(json.message, `failed to create task for container: failed to initialize logging driver: ${why}`);
  }
});

rotation.run();
