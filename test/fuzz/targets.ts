/** What reads foreign input, each with inputs to begin from. A target may refuse with errors of its own, and nothing else. */
import { FrameReader, frame } from '../../runtime/api/buildkit/grpc/frames.js';
import { openCodec } from '../../runtime/api/buildkit/proto/codec.js';
import { createBody, execBody, updateBody } from '../../runtime/api/handlers/container-bodies.js';
import { DockerfileError } from '../../runtime/build/parse/errors.js';
import { planBuild } from '../../runtime/build/plan.js';
import { EngineError } from '../../runtime/errors.js';
import { parseConfig, parseDocument } from '../../runtime/images/manifest.js';
import { parseReference } from '../../runtime/images/reference.js';
import { compileSeccomp } from '../../runtime/launch/seccomp/compile.js';
import { readQuery, refuseUnreadable, responseCode, writeFailure } from '../../runtime/network/dns-message.js';
import { UserError, UserErrors } from '../../src/errors.js';
import { loadFiles } from '../unit/config/support.js';

const SLOW_MS = 2000;

export interface Target {
  readonly name: string;
  readonly seeds: readonly Buffer[];
  readonly run: (input: Buffer) => unknown;
  /** Its own errors. */
  readonly refuses: (error: unknown) => boolean;
}

/** Undefined: the target did with the input as it should. */
export function faultOf({ run, refuses }: Target, input: Buffer): string | undefined {
  const began = process.cpuUsage();
  try {
    run(input);
  } catch (error) {
    if (!refuses(error)) return error instanceof Error ? (error.stack ?? error.message) : String(error);
  }
  // Of the processor: a busy machine is no fault of theirs.
  const { user, system } = process.cpuUsage(began);
  const tookMs = (user + system) / 1000;
  return tookMs > SLOW_MS ? `took ${Math.round(tookMs)} ms` : undefined;
}

const texts = (...list: readonly string[]) => list.map((text) => Buffer.from(text));
const isEngine = (error: unknown) => error instanceof EngineError || error instanceof SyntaxError;

const COMPOSE = `name: x
services:
  web: &web
    image: "nginx:\${TAG:-1}"
    build: {context: ., args: [A=1], dockerfile_inline: "FROM a"}
    ports: ["127.0.0.1:8000-8002:80-82/tcp", {target: 1, published: "2"}]
    volumes: ["v:/v:ro", {type: bind, source: ., target: /x}]
    environment: [A=1, B]
    depends_on: {db: {condition: service_healthy}}
    healthcheck: {test: [CMD, x], interval: 1m30s}
    deploy: {resources: {limits: {cpus: "0.5", memory: 1.5g}}}
  db:
    <<: *web
    extends: {service: web}
    develop: {watch: [{path: ., action: sync, target: /y}]}
environments: {dev: {services: {web: {command: "a 'b c' \\"d\\""}}}}
volumes: {v: !reset null}
networks: {n: {ipam: {config: [{subnet: 10.0.0.0/8}]}}}
`;
const DOCKERFILE = `# syntax=docker/dockerfile:1
ARG V=1
FROM --platform=$BUILDPLATFORM a:\${V:-2} AS b
RUN --mount=type=cache,target=/c,id=x --network=none <<EOF
echo $V
EOF
COPY --from=b --chown=1:2 --chmod=755 ["a b", "c"] /d/
ADD --checksum=sha256:${'a'.repeat(64)} https://x/y /z
ENV A=1 B="two \\
 three"
HEALTHCHECK --interval=5s CMD ["x"]
ONBUILD RUN y
ENTRYPOINT ["/a"]
`;
const INDEX = JSON.stringify({
  schemaVersion: 2,
  mediaType: 'application/vnd.oci.image.index.v1+json',
  manifests: [
    {
      mediaType: 'application/vnd.oci.image.manifest.v1+json',
      digest: `sha256:${'0'.repeat(64)}`,
      size: 7,
      platform: { architecture: 'amd64', os: 'linux' },
    },
  ],
});
const CONFIG =
  '{"architecture":"amd64","os":"linux","config":{"Env":["A=1"],"Cmd":["x"],"Volumes":{"/v":{}}},"rootfs":{"type":"layers","diff_ids":[]},"history":[{"created_by":"x"}]}';
const BODY =
  '{"Image":"a","Cmd":["x"],"Env":["A=1"],"ExposedPorts":{"80/tcp":{}},"HostConfig":{"Memory":1,"Binds":["a:/b"],"PortBindings":{"80/tcp":[{"HostPort":"1"}]},"Mounts":[{"Type":"tmpfs","Target":"/t"}]},"NetworkingConfig":{"EndpointsConfig":{"n":{"Aliases":["a"]}}}}';
const SECCOMP =
  '{"defaultAction":"SCMP_ACT_ERRNO","archMap":[{"architecture":"SCMP_ARCH_X86_64","subArchitectures":["SCMP_ARCH_X86"]}],"syscalls":[{"names":["read"],"action":"SCMP_ACT_ALLOW","args":[{"index":0,"value":1,"op":"SCMP_CMP_MASKED_EQ"}],"includes":{"caps":["CAP_BPF"]}}]}';
const QUERY = Buffer.from('123401000001000000000000037765620364657600000100010000291000000000000000', 'hex');

const each =
  (...parsers: readonly ((input: Buffer) => unknown)[]) =>
  (input: Buffer) => {
    for (const parse of parsers)
      try {
        parse(input);
      } catch (error) {
        if (!isEngine(error)) throw error;
      }
  };

const codec = openCodec();

/** Bytes that are no such message end in an error of the decoder's (protobuf.js: Error and RangeError, for text that is none TypeError). */
function readMessage(name: Parameters<typeof codec.decode>[0], bytes: Buffer): void {
  try {
    codec.decode(name, bytes);
  } catch (error) {
    const isOwn =
      error instanceof Error && (!(error instanceof TypeError) || /not valid for encoding/.test(error.message));
    if (!isOwn || /call stack/.test(error.message)) throw error;
  }
}

export const targets: readonly Target[] = [
  {
    name: 'config',
    seeds: texts(COMPOSE, 'services: {a: {image: b}}\n'),
    run: (input) => loadFiles({ '/p/compose.yaml': input.toString() }),
    refuses: (error) => error instanceof UserError || error instanceof UserErrors,
  },
  {
    name: 'dockerfile',
    seeds: texts(DOCKERFILE, 'FROM scratch\n'),
    run: (input) => planBuild(input.toString(), 'Dockerfile', { buildArgs: {} }),
    refuses: (error) => error instanceof DockerfileError || isEngine(error),
  },
  {
    name: 'registry',
    seeds: texts(INDEX, CONFIG, 'localhost:5000/a/b:1@sha256:00'),
    run: each(
      (input) => parseDocument(input, undefined),
      (input) => parseConfig(input),
      (input) => parseReference(input.toString()),
    ),
    refuses: isEngine,
  },
  {
    name: 'api',
    seeds: texts(BODY, '{}'),
    run: each(
      (input) => createBody(JSON.parse(input.toString()), 'body'),
      (input) => updateBody(JSON.parse(input.toString()), 'body'),
      (input) => execBody(JSON.parse(input.toString()), 'body'),
    ),
    refuses: isEngine,
  },
  {
    name: 'seccomp',
    seeds: texts(SECCOMP),
    run: (input) => compileSeccomp(input.toString(), ['BPF'], 'x64'),
    refuses: isEngine,
  },
  {
    name: 'grpc',
    seeds: [
      frame(codec.encode('Packet', { type: 0, stat: { path: 'a', mode: 0o644, size: 1 } })),
      frame(Buffer.alloc(0)),
    ],
    run: (input) => {
      const reader = new FrameReader();
      const cut = input.length >> 1;
      for (const message of [...reader.push(input.subarray(0, cut)), ...reader.push(input.subarray(cut))])
        for (const name of ['Packet', 'SolveRequest', 'BridgeSolveRequest'] as const) readMessage(name, message);
    },
    refuses: (error) => error instanceof Error && /gRPC message/.test(error.message),
  },
  {
    name: 'dns',
    seeds: [QUERY],
    run: (input) => {
      const query = readQuery(input);
      if (query) writeFailure(query, 2);
      if (input.length >= 4) responseCode(input);
      return refuseUnreadable(input);
    },
    refuses: () => false,
  },
];
