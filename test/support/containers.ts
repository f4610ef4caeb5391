/** Containers for contract tests: made, run to their end or kept running, gone afterwards. */
import * as assert from 'uvu/assert';
import { ask, eventually } from './api.js';
import { busyboxImage } from './busybox.js';
import type { ApiAnswer, TestEngine } from './engine.js';

export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
  readonly warnings: readonly string[];
}

/** The payloads of a multiplexed stream by their stream's number. */
export function unframed(bytes: Uint8Array): { out: string; err: string } {
  const texts = ['', '', ''];
  const buffer = Buffer.from(bytes);
  for (let at = 0; at + 8 <= buffer.length; ) {
    const length = buffer.readUInt32BE(at + 4);
    texts[buffer[at]!] += buffer.subarray(at + 8, at + 8 + length).toString();
    at += 8 + length;
  }
  return { out: texts[1]!, err: texts[2]! };
}

/** Answers come as text; frames' heads are ASCII below 128 as long as a frame is short. */
const bytesOf = (answer: ApiAnswer) => Buffer.from(answer.text, 'utf8');

/** Containers of one test file. */
export class Containers {
  readonly #made: string[] = [];

  constructor(readonly engine: TestEngine) {}

  create(body: object = {}, name = ''): Promise<ApiAnswer> {
    const wish = { Image: busyboxImage, Cmd: ['sleep', '600'], ...body };
    return this.engine
      .request('POST', `/containers/create${name === '' ? '' : `?name=${name}`}`, wish)
      .then((answer) => {
        if (answer.json?.Id) this.#made.push(answer.json.Id);
        return answer;
      });
  }

  async created(body: object = {}, name = ''): Promise<string> {
    const answer = await this.create(body, name);
    assert.is(answer.status, 201, answer.text);
    return answer.json.Id;
  }

  async running(body: object = {}, name = ''): Promise<string> {
    const id = await this.created(body, name);
    await ask(this.engine, 'POST', `/containers/${id}/start`);
    return id;
  }

  /** Runs a script to its end and gives what it said. */
  async run(script: string, body: object = {}): Promise<Ran> {
    const answer = await this.create({ Cmd: ['sh', '-c', script], ...body });
    assert.is(answer.status, 201, answer.text);
    const id = answer.json.Id;
    await ask(this.engine, 'POST', `/containers/${id}/start`);
    const { json } = await ask(this.engine, 'POST', `/containers/${id}/wait`);
    const logs = await ask(this.engine, 'GET', `/containers/${id}/logs?stdout=1&stderr=1`);
    return { code: json.StatusCode, warnings: answer.json.Warnings, ...unframed(bytesOf(logs)) };
  }

  // biome-ignore lint/suspicious/noExplicitAny: tests read what they expect
  async inspect(id: string): Promise<any> {
    return (await ask(this.engine, 'GET', `/containers/${id}/json`)).json;
  }

  /** Runs a script in a running container. */
  async exec(id: string, command: string | readonly string[], config: object = {}): Promise<Ran> {
    const Cmd = typeof command === 'string' ? ['sh', '-c', command] : command;
    const made = await ask(this.engine, 'POST', `/containers/${id}/exec`, {
      Cmd,
      AttachStdout: true,
      AttachStderr: true,
      ...config,
    });
    const answer = await ask(this.engine, 'POST', `/exec/${made.json.Id}/start`, {});
    const { json } = await ask(this.engine, 'GET', `/exec/${made.json.Id}/json`);
    return { code: json.ExitCode, warnings: [], ...unframed(bytesOf(answer)) };
  }

  async reaches(id: string, status: string): Promise<void> {
    await eventually(`${id} is ${status}`, async () => (await this.inspect(id)).State.Status === status);
  }

  async clear(): Promise<void> {
    for (const id of this.#made.splice(0)) await this.engine.request('DELETE', `/containers/${id}?force=1&v=1`);
  }
}
