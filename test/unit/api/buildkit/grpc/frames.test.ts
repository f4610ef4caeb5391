import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { FrameReader, frame } from '../../../../../runtime/api/buildkit/grpc/frames.js';

const frames = suite('gRPC frames');
const texts = (messages: readonly Buffer[]) => messages.map((message) => message.toString());

frames('messages come out whole however they are cut', () => {
  const bytes = Buffer.concat([frame(Buffer.from('one')), frame(Buffer.from('')), frame(Buffer.from('three'))]);
  for (let size = 1; size <= bytes.length; size++) {
    const reader = new FrameReader();
    const found: Buffer[] = [];
    for (let at = 0; at < bytes.length; at += size) found.push(...reader.push(bytes.subarray(at, at + size)));
    assert.equal(texts(found), ['one', '', 'three'], `cut at ${size}`);
  }
});

frames('the length stands in four bytes behind the flag', () => {
  assert.equal([...frame(Buffer.from('ab'))], [0, 0, 0, 0, 2, 97, 98]);
});

frames('a compressed message is refused', () => {
  assert.throws(() => new FrameReader().push(Buffer.from([1, 0, 0, 0, 0])), /compressed/);
});

frames.run();
