import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  codes,
  GrpcError,
  readStatus,
  statusOf,
  statusTrailers,
} from '../../../../../runtime/api/buildkit/grpc/status.js';
import { openCodec } from '../../../../../runtime/api/buildkit/proto/codec.js';
import { EngineError } from '../../../../../runtime/errors.js';

const status = suite('gRPC status');
const codec = openCodec();

status('a sentence survives the trailers, whatever it holds', () => {
  const message = 'grüße: 100 %\nzweite "Zeile"';
  const trailers = statusTrailers(codec, { code: codes.unknown, message });
  assert.match(String(trailers['grpc-message']), /^[\x20-\x7e]+$/);
  assert.equal(readStatus(codec, trailers as Record<string, string>), { code: codes.unknown, message });
});

status('details survive the trailers', () => {
  const details = [{ type_url: 'x/y+json', value: Buffer.from('{"a":1}') }];
  const trailers = statusTrailers(codec, { code: codes.internal, message: 'no', details });
  assert.equal(readStatus(codec, trailers as Record<string, string>), { code: codes.internal, message: 'no', details });
});

status('success has no message', () => {
  assert.equal(statusTrailers(codec, { code: codes.ok, message: '' }), { 'grpc-status': '0' });
  assert.is(readStatus(codec, {}), undefined);
});

status('failures become codes', () => {
  assert.is(statusOf(new EngineError('not-found', 'x')).code, codes.notFound);
  assert.is(statusOf(new GrpcError(codes.unimplemented, 'x')).code, codes.unimplemented);
  assert.equal(statusOf(new DOMException('gone', 'AbortError')), { code: codes.canceled, message: 'context canceled' });
  assert.is(statusOf(new Error('bug')).code, codes.unknown);
});

status.run();
