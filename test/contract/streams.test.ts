/** Streams of containers as clients speak them: attach and exec by hijacking, frames, half-closing, logs, wait. */
import net from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import WebSocket from 'ws';
import { importBusybox, withContainer } from '../support/busybox.js';
import { isOtherEngine, startEngine, type TestEngine } from '../support/engine.js';

const streams = suite('streams');
let engine: TestEngine;
streams.before(async () => {
  engine = await startEngine();
  await importBusybox(engine);
});
streams.after(() => engine.stop());

interface Hijacked {
  readonly socket: net.Socket;
  readonly head: Promise<string>;
  /** Whether bytes came together with the head. */
  readonly headAlone: () => boolean;
  /** All that followed the head, when the engine has closed its half. */
  readonly rest: Promise<Buffer>;
}

/** Speaks HTTP by hand, because what matters here is what comes in which read. */
function hijack(
  path: string,
  options: { upgrade?: boolean; keeps?: boolean; body?: object; method?: string } = {},
): Hijacked {
  const socket = net.connect({ path: engine.socket, allowHalfOpen: true });
  const body = options.body ? JSON.stringify(options.body) : '';
  const lines = [
    `${options.method ?? 'POST'} ${path} HTTP/1.1`,
    'Host: d',
    `Content-Length: ${Buffer.byteLength(body)}`,
  ];
  if (body) lines.push('Content-Type: application/json');
  if (options.upgrade !== false) lines.push('Connection: Upgrade', 'Upgrade: tcp');
  else if (!options.keeps) lines.push('Connection: close');
  socket.write(`${lines.join('\r\n')}\r\n\r\n${body}`);
  let bytes = Buffer.alloc(0);
  let alone = true;
  let gotHead: (text: string) => void;
  const head = new Promise<string>((resolve) => {
    gotHead = resolve;
  });
  const rest = new Promise<Buffer>((resolve, reject) => {
    socket.on('data', (chunk) => {
      const before = bytes.indexOf('\r\n\r\n');
      bytes = Buffer.concat([bytes, chunk]);
      const at = bytes.indexOf('\r\n\r\n');
      if (before < 0 && at >= 0) {
        alone = bytes.length === at + 4;
        gotHead(bytes.subarray(0, at).toString());
      }
    });
    socket.once('end', () => {
      socket.destroy();
      resolve(bytes.subarray(bytes.indexOf('\r\n\r\n') + 4));
    });
    socket.once('error', reject);
  });
  return { socket, head, headAlone: () => alone, rest };
}

/** `[[1, 'out'], [2, 'err']]`, neighbours of one stream joined. */
function unframe(bytes: Buffer): [number, string][] {
  const frames: [number, string][] = [];
  for (let at = 0; at < bytes.length; ) {
    const length = bytes.readUInt32BE(at + 4);
    const text = bytes.subarray(at + 8, at + 8 + length).toString();
    const last = frames.at(-1);
    if (last && last[0] === bytes[at]) last[1] += text;
    else frames.push([bytes[at]!, text]);
    at += 8 + length;
  }
  return frames;
}

const attachAll = 'stream=1&stdin=1&stdout=1&stderr=1';
const interactive = { OpenStdin: true, StdinOnce: true, AttachStdin: true, AttachStdout: true, AttachStderr: true };

streams('attach before the start sees everything, and input ends without ending the output', async () => {
  const Cmd = ['sh', '-c', 'echo first; cat; sleep 0.2; echo last; echo wrong >&2'];
  await withContainer(engine, { ...interactive, Cmd }, async (id) => {
    const attached = hijack(`/containers/${id}/attach?${attachAll}`);
    assert.match(
      await attached.head,
      /^HTTP\/1\.1 101 UPGRADED\r\n[\s\S]*Content-Type: application\/vnd\.docker\.multiplexed-stream/,
    );
    assert.is((await engine.request('POST', `/containers/${id}/start`)).status, 204);
    attached.socket.end('typed\n');
    const frames = unframe(await attached.rest);
    const of = (stream: number) =>
      frames
        .filter(([which]) => which === stream)
        .map(([, text]) => text)
        .join('');
    assert.is(of(1), 'first\ntyped\nlast\n');
    assert.is(of(2), 'wrong\n');
  });
});

streams('with a terminal the bytes are raw', async () => {
  await withContainer(engine, { ...interactive, Tty: true, Cmd: ['sh', '-c', 'tty; echo done'] }, async (id) => {
    const attached = hijack(`/containers/${id}/attach?${attachAll}`);
    assert.match(await attached.head, /application\/vnd\.docker\.raw-stream/);
    await engine.request('POST', `/containers/${id}/start`);
    assert.is((await attached.rest).toString(), '/dev/pts/0\r\ndone\r\n');
  });
});

streams('attach of a terminated one replays its log behind the head, not with it', async () => {
  await withContainer(engine, { Cmd: ['echo', 'old'] }, async (id) => {
    await engine.request('POST', `/containers/${id}/start`);
    await engine.request('POST', `/containers/${id}/wait`);
    const attached = hijack(`/containers/${id}/attach?logs=1&stdout=1`);
    await attached.head;
    assert.equal(unframe(await attached.rest), [[1, 'old\n']]);
    const filters = encodeURIComponent(JSON.stringify({ container: [id], event: ['attach'] }));
    const until = Math.ceil(Date.now() / 1000);
    const told = await engine.request('GET', `/events?since=1&until=${until}&filters=${filters}`);
    assert.match(told.text, /"Action":"attach"/);
    if (!isOtherEngine) assert.ok(attached.headAlone());
  });
});

streams('without an upgrade attach is a raw 200 until the end', async () => {
  await withContainer(engine, { Cmd: ['sh', '-c', 'sleep 0.3; echo seen'] }, async (id) => {
    await engine.request('POST', `/containers/${id}/start`);
    const attached = hijack(`/containers/${id}/attach?stream=1&stdout=1`, { upgrade: false });
    assert.match(await attached.head, /^HTTP\/1\.1 200 OK\r\nContent-Type: application\/vnd\.docker\.raw-stream/);
    assert.equal(unframe(await attached.rest), [[1, 'seen\n']]);
  });
});

streams('without an upgrade, input and its end right behind the head reach the program', async () => {
  await withContainer(engine, { Cmd: ['sleep', '100'], StopSignal: 'KILL' }, async (id) => {
    await engine.request('POST', `/containers/${id}/start`);
    for (let round = 0; round < 10; round++) {
      const wish = { AttachStdin: true, AttachStdout: true, Cmd: ['cat'] };
      const exec = (await engine.request('POST', `/containers/${id}/exec`, wish)).json.Id;
      const body = { Detach: false, Tty: false };
      const attached = hijack(`/exec/${exec}/start`, { upgrade: false, keeps: true, body });
      await attached.head;
      attached.socket.end('typed');
      assert.equal(unframe(await attached.rest), [[1, 'typed']]);
    }
  });
});

streams('a websocket attaches too', async () => {
  await withContainer(engine, { ...interactive, Cmd: ['cat'] }, async (id) => {
    await engine.request('POST', `/containers/${id}/start`);
    const socket = new WebSocket(`ws+unix://${engine.socket}:/containers/${id}/attach/ws?stream=1&stdin=1&stdout=1`);
    const echoed = new Promise<string>((resolve, reject) => {
      socket.once('message', (data) => resolve(data.toString()));
      socket.once('error', reject);
    });
    socket.once('open', () => socket.send('over the web\n'));
    assert.is(await echoed, 'over the web\n');
    socket.terminate();
  });
});

async function createExec(id: string, body: object): Promise<string> {
  const { status, json } = await engine.request('POST', `/containers/${id}/exec`, body);
  assert.is(status, 201, JSON.stringify(json));
  return json.Id;
}

streams('exec gives output, code and an end, also when nothing is said', async () => {
  await withContainer(engine, { Cmd: ['sleep', '600'] }, async (id) => {
    await engine.request('POST', `/containers/${id}/start`);
    for (const [script, output, code] of [
      ['echo out; echo err >&2; exit 3', '[[1,"out\\n"],[2,"err\\n"]]', 3],
      ['true', '[]', 0],
      ['exit 7', '[]', 7],
    ] as const) {
      const exec = await createExec(id, { AttachStdout: true, AttachStderr: true, Cmd: ['sh', '-c', script] });
      const started = hijack(`/exec/${exec}/start`, { body: { Detach: false, Tty: false } });
      assert.match(await started.head, /101 UPGRADED/);
      const frames = unframe(await started.rest).sort(([a], [b]) => a - b);
      assert.is(JSON.stringify(frames), output);
      const { json } = await engine.request('GET', `/exec/${exec}/json`);
      assert.is(json.Running, false);
      assert.is(json.ExitCode, code);
    }
  });
});

streams('exec takes input until its end', async () => {
  await withContainer(engine, { Cmd: ['sleep', '600'] }, async (id) => {
    await engine.request('POST', `/containers/${id}/start`);
    const exec = await createExec(id, { AttachStdin: true, AttachStdout: true, Cmd: ['wc', '-c'] });
    const started = hijack(`/exec/${exec}/start`, { body: { Detach: false } });
    await started.head;
    started.socket.write(Buffer.alloc(3_000_000, 'x'));
    started.socket.end();
    assert.equal(unframe(await started.rest), [[1, '3000000\n']]);
  });
});

streams('exec of something that is not there says so', async () => {
  await withContainer(engine, { Cmd: ['sleep', '600'] }, async (id) => {
    await engine.request('POST', `/containers/${id}/start`);
    const exec = await createExec(id, { AttachStdout: true, Cmd: ['/no/such'] });
    const started = hijack(`/exec/${exec}/start`, { body: { Detach: false } });
    const text = `${await started.head}${(await started.rest).toString()}`;
    assert.match(text, /no such file or directory/);
    assert.is((await engine.request('GET', `/exec/${exec}/json`)).json.ExitCode, 127);
  });
});

streams('logs keep streams apart, count lines from the end and follow', async () => {
  const Cmd = ['sh', '-c', 'for i in 1 2 3; do echo line $i; done; echo bad >&2; sleep 0.4; echo late'];
  await withContainer(engine, { Cmd }, async (id) => {
    await engine.request('POST', `/containers/${id}/start`);
    const following = hijack(`/containers/${id}/logs?stdout=1&stderr=1&follow=1`, { method: 'GET', upgrade: false });
    assert.match(await following.head, /Transfer-Encoding: chunked/);
    await engine.request('POST', `/containers/${id}/wait`);
    const text = (await following.rest).toString('latin1');
    for (const line of ['line 1', 'line 3', 'bad', 'late']) assert.ok(text.includes(line), line);
    const tail = await engine.request('GET', `/containers/${id}/logs?stdout=1&tail=1`);
    assert.is(tail.text.slice(8), 'late\n');
    const stamped = await engine.request('GET', `/containers/${id}/logs?stderr=1&timestamps=1`);
    assert.match(stamped.text.slice(8), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z bad\n$/);
    const none = await engine.request('GET', `/containers/${id}/logs`);
    assert.is(none.status, 400);
  });
});

streams('wait sends its head at once and the code later', async () => {
  await withContainer(engine, { Cmd: ['sh', '-c', 'exit 9'] }, async (id) => {
    const waiting = hijack(`/containers/${id}/wait?condition=next-exit`, { upgrade: false });
    assert.match(await waiting.head, /^HTTP\/1\.1 200 OK/);
    await engine.request('POST', `/containers/${id}/start`);
    await sleep(300);
    waiting.socket.end();
    assert.match((await waiting.rest).toString(), /"StatusCode":9/);
  });
});

streams('events tell a life in order', async () => {
  const since = (Date.now() / 1000 - 0.05).toFixed(3);
  await withContainer(engine, { Cmd: ['true'], Labels: { told: 'yes' } }, async (id) => {
    await engine.request('POST', `/containers/${id}/start`);
    await engine.request('POST', `/containers/${id}/wait`);
    await engine.request('DELETE', `/containers/${id}`);
    const filters = encodeURIComponent(JSON.stringify({ container: [id], type: ['container'] }));
    const until = (Date.now() / 1000 + 0.3).toFixed(3);
    const { text } = await engine.request('GET', `/events?since=${since}&until=${until}&filters=${filters}`);
    const events = text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    assert.equal(
      events.map(({ Action }) => Action),
      ['create', 'start', 'die', 'destroy'],
    );
    assert.is(events[0].Actor.Attributes.told, 'yes');
    assert.is(events[2].Actor.Attributes.exitCode, '0');
  });
});

streams('commit makes an image of what a container changed', async () => {
  await withContainer(engine, { Cmd: ['sh', '-c', 'echo made > /made'] }, async (id) => {
    await engine.request('POST', `/containers/${id}/start`);
    await engine.request('POST', `/containers/${id}/wait`);
    const query = `container=${id}&repo=contract-commit&tag=1&comment=why&changes=${encodeURIComponent('CMD ["cat","/made"]')}`;
    const { status, json } = await engine.request('POST', `/commit?${query}`);
    assert.is(status, 201, JSON.stringify(json));
    const { json: image } = await engine.request('GET', '/images/contract-commit:1/json');
    assert.is(image.Id, json.Id);
    assert.is(image.Comment, 'why');
    assert.equal(image.Config.Cmd, ['cat', '/made']);
    await withContainer(engine, { Image: 'contract-commit:1' }, async (copy) => {
      await engine.request('POST', `/containers/${copy}/start`);
      await engine.request('POST', `/containers/${copy}/wait`);
      assert.is((await engine.request('GET', `/containers/${copy}/logs?stdout=1`)).text.slice(8), 'made\n');
    });
    await engine.request('DELETE', '/images/contract-commit:1?force=1');
  });
});

streams('containers are connected to networks and disconnected while they run', async () => {
  const { json: network } = await engine.request('POST', '/networks/create', { Name: 'contract-live' });
  await withContainer(engine, { Cmd: ['sleep', '600'] }, async (id) => {
    await engine.request('POST', `/containers/${id}/start`);
    const connect = await engine.request('POST', `/networks/contract-live/connect`, {
      Container: id,
      EndpointConfig: { Aliases: ['nick'] },
    });
    assert.is(connect.status, 200, connect.text);
    const inside = (await engine.request('GET', '/networks/contract-live')).json.Containers[id];
    assert.match(inside.IPv4Address, /^\d+\.\d+\.\d+\.\d+\/\d+$/);
    const again = await engine.request('POST', '/networks/contract-live/connect', { Container: id });
    assert.is(again.status, 403);
    assert.is((await engine.request('DELETE', '/networks/contract-live')).status, 403);
    const { json } = await engine.request('GET', `/containers/${id}/json`);
    assert.equal(Object.keys(json.NetworkSettings.Networks).sort(), ['bridge', 'contract-live']);
    assert.is((await engine.request('POST', '/networks/contract-live/disconnect', { Container: id })).status, 200);
    assert.equal((await engine.request('GET', '/networks/contract-live')).json.Containers, {});
  });
  assert.is((await engine.request('DELETE', `/networks/${network.Id}`)).status, 204);
});

streams.run();
