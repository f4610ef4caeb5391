import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { mergeByTime } from '../../../src/flows/merge-by-time.js';

const merging = suite('flows merge by time');

async function* of(...timestamps: string[]) {
  for (const timestamp of timestamps) yield { timestamp };
}

async function merged(...streams: AsyncIterable<{ timestamp: string }>[]): Promise<string> {
  const found: string[] = [];
  for await (const { from, item } of mergeByTime(streams)) found.push(`${from}:${item.timestamp}`);
  return found.join(' ');
}

merging('takes the oldest first, and the first stream of what is equally old', async () => {
  assert.is(await merged(of('1', '4', '5'), of('2', '4'), of()), '0:1 1:2 0:4 1:4 0:5');
});

merging('of nothing is nothing', async () => {
  assert.is(await merged(), '');
});

merging('ends the streams when nobody reads on', async () => {
  let ended = false;
  async function* endless() {
    try {
      for (let at = 0; ; at += 1) yield { timestamp: String(at) };
    } finally {
      ended = true;
    }
  }
  for await (const { item } of mergeByTime([endless()])) if (item.timestamp === '3') break;
  assert.is(ended, true);
});

merging.run();
