/** How calls end: gRPC's status codes, and the trailers that carry them. */
import type { IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http2';
import { EngineError, type EngineErrorKind } from '../../../errors.js';
import { messageOf } from '../../errors.js';
import type { Codec } from '../proto/codec.js';
import type { Any, Status } from '../proto/messages.js';

export const codes = {
  ok: 0,
  canceled: 1,
  unknown: 2,
  invalidArgument: 3,
  deadlineExceeded: 4,
  notFound: 5,
  alreadyExists: 6,
  permissionDenied: 7,
  failedPrecondition: 9,
  unimplemented: 12,
  internal: 13,
  unavailable: 14,
  unauthenticated: 16,
} as const;

/** A call's end other than OK, in either direction. */
export class GrpcError extends Error {
  constructor(
    readonly code: number,
    message: string,
    readonly details: readonly Any[] = [],
    options?: { cause?: unknown },
  ) {
    super(message, options);
    this.name = 'GrpcError';
  }
}

const codeOf: Readonly<Record<EngineErrorKind, number>> = {
  invalid: codes.invalidArgument,
  unauthorized: codes.unauthenticated,
  forbidden: codes.permissionDenied,
  'not-found': codes.notFound,
  conflict: codes.failedPrecondition,
  'not-modified': codes.failedPrecondition,
  'not-implemented': codes.unimplemented,
  unavailable: codes.unavailable,
  system: codes.unknown,
};

/** Any failure as a status; an abort is `Canceled`. */
export function statusOf(error: unknown): Status {
  if (error instanceof GrpcError) return { code: error.code, message: error.message, details: error.details };
  if (error instanceof Error && error.name === 'AbortError')
    return { code: codes.canceled, message: 'context canceled' };
  const code = error instanceof EngineError ? codeOf[error.kind] : codes.unknown;
  return { code, message: messageOf(error) };
}

/** Percent-encoded as in "Status-Message" of gRPC over HTTP/2: all but printable ASCII, and `%`. */
function encodeMessage(text: string): string {
  return [...Buffer.from(text)]
    .map((byte) =>
      byte < 0x20 || byte > 0x7e || byte === 0x25
        ? `%${byte.toString(16).toUpperCase().padStart(2, '0')}`
        : String.fromCharCode(byte),
    )
    .join('');
}

export function statusTrailers(codec: Codec, status: Status): OutgoingHttpHeaders {
  const trailers: OutgoingHttpHeaders = { 'grpc-status': String(status.code) };
  if (status.code !== codes.ok) trailers['grpc-message'] = encodeMessage(status.message);
  if (status.details?.length)
    trailers['grpc-status-details-bin'] = Buffer.from(codec.encode('Status', status))
      .toString('base64')
      .replace(/=+$/, '');
  return trailers;
}

/** Undefined: the headers hold no status. */
export function readStatus(codec: Codec, headers: IncomingHttpHeaders): Status | undefined {
  const code = headers['grpc-status'];
  if (code === undefined) return undefined;
  const details = headers['grpc-status-details-bin'];
  if (typeof details === 'string') return codec.decode('Status', Buffer.from(details, 'base64'));
  const message = headers['grpc-message'];
  return { code: Number(code), message: typeof message === 'string' ? decodeMessage(message) : '' };
}

function decodeMessage(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
