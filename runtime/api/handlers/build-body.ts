/** A body of `POST /build` that is no context: what a client on this machine has to say beside a folder that it names. */
import type { Readable } from 'node:stream';
import { EngineError } from '../../errors.js';
import { object, string, stringMap } from '../decode.js';
import type { Call } from '../routes.js';

const buildBodyType = 'application/vnd.devenv.build+json';

export interface BuildBody {
  /** The Dockerfile's text, in place of one in the context. */
  readonly dockerfile?: string;
  /** Id → base64. */
  readonly secrets?: Readonly<Record<string, string>>;
}

const largestBytes = 16 << 20;
const decode = object({ dockerfile: string, secrets: stringMap });

/** Undefined for a body of another type, which is left unread. Throws `invalid`. */
export async function readBuildBody({ request, body }: Call): Promise<BuildBody | undefined> {
  if (request.headers['content-type'] !== buildBodyType) return undefined;
  const text = await readText(body);
  try {
    return decode(JSON.parse(text), 'body');
  } catch (cause) {
    // not what was in it: secrets would be told to everybody
    throw new EngineError('invalid', 'error reading the body: secrets are an object of base64 by id', { cause });
  }
}

/** Throws `invalid` for more than 16 MB. */
export async function readText(body: Readable): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    bytes += (chunk as Buffer).length;
    if (bytes > largestBytes)
      throw new EngineError(
        'invalid',
        'secrets and a Dockerfile sent as text are 16 MB at most; files go in the context',
      );
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks).toString('utf8');
}
