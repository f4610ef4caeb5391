/** Short words for tests that speak with an engine's API. */
import * as assert from 'uvu/assert';
import type { ApiAnswer, TestEngine } from './engine.js';

export const queryOf = (values: Readonly<Record<string, string>>): string => new URLSearchParams(values).toString();
export const filterOf = (value: object): string => queryOf({ filters: JSON.stringify(value) });
export const tarType = { 'content-type': 'application/x-tar' };
export const jsonType = { 'content-type': 'application/json' };

/** JSON objects one a line, as pulls and events are. */
// biome-ignore lint/suspicious/noExplicitAny: tests read what they expect
export function linesOf(text: string): any[] {
  const lines = text.split(/\r?\n/).filter((line) => line !== '');
  return lines.map((line) => JSON.parse(line));
}

export interface Refusal {
  readonly method: string;
  readonly path: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly status: number;
  readonly message: string | RegExp;
}

/** Asks, and expects exactly that refusal. */
export async function expectRefusal(engine: TestEngine, refusal: Refusal): Promise<void> {
  const { method, path, body, headers, status, message } = refusal;
  const answer = await engine.request(method, path, body, { ...headers });
  const said = `${method} ${path} ${body instanceof Uint8Array ? '' : (JSON.stringify(body) ?? '')}: ${answer.text}`;
  assert.is(answer.status, status, said);
  if (typeof message === 'string') assert.is(answer.json?.message, message, said);
  else assert.match(answer.json?.message ?? '', message, said);
}

/** The answer of a call that has to succeed. */
export async function ask(engine: TestEngine, method: string, path: string, body?: unknown): Promise<ApiAnswer> {
  const answer = await engine.request(method, path, body);
  assert.ok(answer.status < 300, `${method} ${path}: ${answer.status} ${answer.text}`);
  return answer;
}

/** What a shell prints in a running container, both streams, with plain line ends. */
export async function printedIn(engine: TestEngine, container: string, script: string): Promise<string> {
  const exec = { Cmd: ['sh', '-c', script], AttachStdout: true, AttachStderr: true, Tty: true };
  const { json } = await ask(engine, 'POST', `/containers/${container}/exec`, exec);
  const { text } = await engine.request('POST', `/exec/${json.Id}/start`, { Tty: true });
  return text.replaceAll('\r\n', '\n');
}

/** Asks again until the condition holds. */
export async function eventually(what: string, condition: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 200; tries += 1) {
    if (await condition()) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`never came true: ${what}`);
}
