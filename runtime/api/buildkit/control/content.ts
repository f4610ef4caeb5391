/** Of containerd's content service what clients ask of BuildKit: reading what a build's record names. */
import { type Methods, streaming, unary } from '../grpc/server.js';
import { codes, GrpcError } from '../grpc/status.js';
import type { Jobs, Said } from './jobs.js';

const service = '/containerd.services.content.v1.Content';

/** Its methods throw `NotFound` for a digest of no build that is remembered. */
export function contentMethods({ jobs }: { readonly jobs: Jobs }): Methods {
  const find = (digest: string): Said => {
    const said = jobs.said(digest);
    if (!said) throw new GrpcError(codes.notFound, `content ${digest}: not found`);
    return said;
  };
  return {
    [`${service}/Info`]: unary('ContentInfoRequest', 'ContentInfoResponse', ({ digest }) => ({
      info: { digest, size: find(digest).bytes.length },
    })),
    [`${service}/Read`]: streaming('ContentReadRequest', 'ContentReadResponse', async (request, send) => {
      const { digest, offset, size } = request;
      const { bytes } = find(digest);
      await send({ offset, data: bytes.subarray(offset, size > 0 ? offset + size : undefined) });
    }),
  };
}
