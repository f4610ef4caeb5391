import type { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import { readErrorSentence, readJsonLines, readText } from './body.js';
import { EngineAnswerError } from './errors.js';
import { type Address, HttpClient, type RequestOptions, type Upgraded } from './http.js';

/**
 * One engine, spoken to in the Docker Engine API. Paths carry no version: each engine then answers in its newest, and
 * every field that is read here is older than that. The rooms below (`containers`, `images`…) are plain functions over
 * this class, so that a command loads only what it uses.
 */
export class EngineClient {
  private readonly http: HttpClient;
  /** Devenv's own engine on this machine, which reads folders where they are and knows more than Docker's parameters. */
  readonly own: boolean;

  constructor(
    readonly address: Address,
    options: { readonly connections?: number; readonly own?: boolean } = {},
  ) {
    this.own = options.own ?? false;
    this.http = new HttpClient(address, options.connections ?? 16);
  }

  /**
   * The answer as JSON, undefined with status 204. Throws EngineAnswerError from status 400 on and for one that is no JSON (engines
   * that fail once their head is out end without a word), or the socket's error.
   */
  async json<T>(method: string, path: string, options?: RequestOptions): Promise<T> {
    const response = await this.checked(method, path, options);
    const text = await readText(response);
    if (response.statusCode === 204) return undefined as T;
    try {
      return JSON.parse(text) as T;
    } catch {
      const what = text === '' ? 'is empty' : `is no JSON: ${text.slice(0, 200)}`;
      throw new EngineAnswerError(500, `the engine's answer to ${method} ${path} ${what}`, `${method} ${path}`);
    }
  }

  /** For answers without content; gives the status, since 304 is news to some. */
  async call(method: string, path: string, options?: RequestOptions): Promise<number> {
    const response = await this.checked(method, path, options);
    response.resume();
    return response.statusCode ?? 0;
  }

  /** The body as it comes, over a connection of its own, since it may stay open for hours. */
  stream(method: string, path: string, options?: RequestOptions): Promise<IncomingMessage> {
    return this.checked(method, path, options, true);
  }

  /** The body as JSON lines. */
  async *lines<T>(method: string, path: string, options?: RequestOptions): AsyncGenerator<T> {
    yield* readJsonLines<T>((await this.stream(method, path, options)) as Readable);
  }

  /** The connection itself, for attach and exec. */
  async upgrade(
    path: string,
    options?: RequestOptions,
  ): Promise<Upgraded & { socket: NonNullable<Upgraded['socket']> }> {
    const upgraded = await this.http.upgrade(path, options);
    if (upgraded.socket === undefined) throw await this.refusal(upgraded.response, `POST ${path}`);
    return { ...upgraded, socket: upgraded.socket };
  }

  close() {
    this.http.close();
  }

  private async checked(method: string, path: string, options?: RequestOptions, own = false): Promise<IncomingMessage> {
    const response = await this.http.send(method, path, options, own);
    if ((response.statusCode ?? 500) >= 400) throw await this.refusal(response, `${method} ${path}`);
    return response;
  }

  private async refusal(response: IncomingMessage, request: string): Promise<EngineAnswerError> {
    return new EngineAnswerError(response.statusCode ?? 500, await readErrorSentence(response), request);
  }
}
