import type { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';

export async function readText(response: Readable): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}

/** The objects of a stream of JSON lines (pull, build, events), as they arrive. */
export async function* readJsonLines<T>(response: Readable): AsyncGenerator<T> {
  let rest = '';
  const decoder = new TextDecoder();
  for await (const chunk of response) {
    rest += decoder.decode(chunk as Buffer, { stream: true });
    const lines = rest.split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) if (line.trim()) yield JSON.parse(line) as T;
  }
  if (rest.trim()) yield JSON.parse(rest) as T;
}

/** The engine's `{"message": …}`, or the text itself, or the status line. */
export async function readErrorSentence(response: IncomingMessage): Promise<string> {
  const text = await readText(response);
  try {
    const { message } = JSON.parse(text) as { message?: unknown };
    if (typeof message === 'string') return message;
  } catch {
    // not JSON: a proxy or an old engine
  }
  return text.trim() || `${response.statusCode} ${response.statusMessage}`;
}
