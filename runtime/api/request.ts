/** Decoding of what a client asks: query, JSON body, filters; with Docker's words for what is wrong. */
import { Filters } from '../engine/filters.js';
import { EngineError } from '../errors.js';
import type { Shape } from './decode.js';
import { jsonComplaint } from './json-complaint.js';
import type { Call } from './routes.js';

/** JSON bodies are small; what is larger is a mistake or an attack. */
const bodyLimitBytes = 16 * 1024 * 1024;

/** The query of a request. */
export class Query {
  readonly #params: URLSearchParams;

  constructor(text: string) {
    this.#params = new URLSearchParams(text);
  }

  has(key: string): boolean {
    return this.#params.has(key);
  }

  /** The first value, empty when there is none. */
  text(key: string): string {
    return this.#params.get(key) ?? '';
  }

  all(key: string): string[] {
    return this.#params.getAll(key);
  }

  /** Everything is true but nothing, `0`, `no`, `false` and `none`. */
  bool(key: string, otherwise = false): boolean {
    if (!this.#params.has(key)) return otherwise;
    return !['', '0', 'no', 'false', 'none'].includes(this.text(key).trim().toLowerCase());
  }

  /** Undefined when it is missing or empty. Throws `system` for what is no whole number, as Docker does. */
  int(key: string): number | undefined {
    const text = this.text(key);
    if (text === '') return undefined;
    if (!/^[+-]?\d+$/.test(text))
      throw new EngineError('system', `strconv.Atoi: parsing ${JSON.stringify(text)}: invalid syntax`);
    return Number(text);
  }

  /** A JSON value in the query (`buildargs`, `labels`). Undefined when it is missing or empty. `complaint` begins what is wrong with it. */
  json<T>(key: string, shape: Shape<T>, complaint: string): T | undefined {
    const text = this.text(key);
    if (text === '') return undefined;
    const value = parseJson(text, complaint, false);
    return value === null ? undefined : shape(value, key);
  }

  /** `filters`, with its keys checked. Throws `invalid`. */
  filters(accepted: readonly string[]): Filters {
    const filters = Filters.parse(this.text('filters'));
    filters.expectOnly(accepted);
    return filters;
  }
}

/** In Go's words, which are others for the decoder that reads a stream, a body, than for a text. */
function parseJson(text: string, complaint: string, isStream: boolean): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    const wrong = jsonComplaint(text);
    // Go's decoder of a stream takes a bracket too many for the end of what is around the value.
    if (wrong.kind === 'trailing' && isStream && /[}\]]/.test(wrong.next)) return JSON.parse(text.slice(0, wrong.end));
    if (wrong.kind === 'trailing') throw new EngineError('invalid', 'unexpected content after JSON', { cause });
    const ending = isStream ? 'unexpected EOF' : 'unexpected end of JSON input';
    const why = wrong.kind === 'ended' ? ending : wrong.text;
    throw new EngineError('invalid', `${complaint}: ${why}`, { cause });
  }
}

/** Reads a whole body. Throws `invalid` when it is larger than a JSON body may be, or comes too slowly. */
export async function readBody({ body, bodyLimitMs }: Pick<Call, 'body' | 'bodyLimitMs'>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  const hurry = () => body.destroy(new EngineError('invalid', 'request body came too slowly'));
  const timer = setTimeout(hurry, bodyLimitMs);
  try {
    for await (const chunk of body as AsyncIterable<Buffer>) {
      length += chunk.length;
      if (length > bodyLimitBytes) throw new EngineError('invalid', 'request body too large');
      chunks.push(chunk);
    }
  } finally {
    clearTimeout(timer);
  }
  return chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks);
}

function expectJsonType(contentType: string | undefined) {
  const type = (contentType ?? '').split(';')[0]!.trim().toLowerCase();
  if (type === '') throw new EngineError('invalid', 'malformed Content-Type header (): mime: no media type');
  if (type !== 'application/json')
    throw new EngineError('invalid', `unsupported Content-Type header (${contentType}): must be 'application/json'`);
}

/** The JSON body as any value; undefined when the client sent none. Throws `invalid`. */
export async function readJson(call: Call): Promise<unknown> {
  const bytes = await readBody(call);
  if (bytes.length === 0) return undefined;
  expectJsonType(call.request.headers['content-type']);
  return parseJson(bytes.toString('utf8'), 'invalid JSON', true);
}

/** The JSON body in a shape; `{}` in place of a missing one. Throws `invalid` with what does not fit. */
export async function readShape<T>(call: Call, shape: Shape<T>, name: string): Promise<T> {
  return shape((await readJson(call)) ?? {}, name);
}

/** As `readShape` for calls whose body must be there. */
export async function requireShape<T>(call: Call, shape: Shape<T>, name: string): Promise<T> {
  const value = await readJson(call);
  if (value === undefined) throw new EngineError('invalid', 'invalid JSON: got EOF while reading request body');
  return shape(value, name);
}
