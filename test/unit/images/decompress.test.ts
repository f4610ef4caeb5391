import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { decompress } from '../../../runtime/images/decompress.js';

const decompressing = suite('decompress');
const text = 'words and words and words\n'.repeat(200);

/** `text` as the programs pack it. */
const packed = {
  zstd: 'KLUv/QRYzQAAWHdvcmRzIGFuZCAKBAAa1LMDgGFmd9sVJJzT4/M=',
  xz: '/Td6WFoAAATm1rRGAgAhARYAAAB0L+Wj4BRPACxdADubyqrUsFJCDb6OViK6ZqkkfToyYHMGcPyCtemqrrUSc3aNTkgv9NNbrGQAAAwI60ToUO5XAAFI0CgAAABUpC3MscRn+wIAAAAABFla',
  bzip2: 'QlpoOTFBWSZTWcSq5mkACfXRgAAQQAAkAZiAIABwQZMQFKoHpqcFI9CLwIvgi4KRgRaKRopGCkYEWiL8XckU4UJDEquZpA==',
};

async function plain(bytes: Buffer, size = bytes.length): Promise<string> {
  const pieces = Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) =>
    bytes.subarray(i * size, (i + 1) * size),
  );
  return (await buffer(await decompress(Readable.from(pieces)))).toString();
}

decompressing('tells gzip and plain content by their first bytes', async () => {
  assert.is(await plain(gzipSync(text), 3), text);
  assert.is(await plain(Buffer.from(text), 2), text);
  assert.is(await plain(Buffer.alloc(0)), '');
});

decompressing('zstd needs no program', async () => {
  const path = process.env.PATH;
  process.env.PATH = '/nowhere';
  try {
    assert.is(await plain(Buffer.from(packed.zstd, 'base64'), 7), text);
  } finally {
    process.env.PATH = path;
  }
});

decompressing('a program that is missing is named, with how to get it', async () => {
  const path = process.env.PATH;
  process.env.PATH = '/nowhere';
  try {
    for (const [name, where] of [
      ['xz', 'xz-utils'],
      ['bzip2', 'bzip2'],
    ] as const) {
      const failure = await plain(Buffer.from(packed[name], 'base64')).then(String, (error: Error) => error.message);
      assert.is(failure, `to read this archive the program ${name} is needed: apt-get install -y ${where}`);
    }
  } finally {
    process.env.PATH = path;
  }
});

decompressing.run();
