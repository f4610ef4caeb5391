import { ByteWriter } from './byte-writer.js';
import { ATTRIBUTE_FLAGS, type FieldType, LAYOUTS, NAMESPACE_FLAGS, PROPAGATION_FLAGS } from './layouts.js';
import type { LaunchProgram, MonitorSettings, MountAttribute, NamespaceName, Op, PropagationType } from './program.js';

const OPTIONAL = 1;

/** Body of a `job_container` request (container.c); `goAtOnce`: the process does not wait for GO. Throws when the program has no monitor. */
export function encodeContainer(program: LaunchProgram, goAtOnce = false): Buffer {
  const settings = program.monitor;
  if (settings === undefined) throw new TypeError('a container needs the settings of its monitor');
  const body = new ByteWriter();
  body.bytes(encodeSettings(settings));
  body.u64(BigInt(namespaceFlags(program.clone)));
  body.u32(goAtOnce ? 1 : 0);
  for (const ops of [program.before, program.host, program.inside]) body.part(() => writeOps(body, ops));
  return body.finish();
}

/** Body of a `job_run` request (job_run.c). Throws for `host` operations, which nothing would execute. */
export function encodeRun(program: LaunchProgram): Buffer {
  if (program.host.length > 0) throw new TypeError('run executes no host operations');
  const body = new ByteWriter();
  body.u64(BigInt(namespaceFlags(program.clone)));
  for (const ops of [program.before, program.inside]) body.part(() => writeOps(body, ops));
  return body.finish();
}

/** A list of operations as run_ops() in ops.c reads it. */
export function encodeOps(ops: readonly Op[]): Buffer {
  const body = new ByteWriter();
  writeOps(body, ops);
  return body.finish();
}

function namespaceFlags(names: readonly NamespaceName[]): number {
  return names.reduce((flags, name) => flags | NAMESPACE_FLAGS[name], 0);
}

/** In the order of read_settings() in container.c. */
function encodeSettings(s: MonitorSettings): Buffer {
  const body = new ByteWriter();
  body.string(s.socket);
  body.string(s.exitFile);
  body.string(s.logPath ?? '');
  body.u64(BigInt(s.logMaxBytes ?? 0));
  body.u32(s.logMaxFiles);
  body.u32(s.logCompresses ? 1 : 0);
  for (const flag of [s.tty, s.openStdin, s.stdinOnce]) body.u32(flag ? 1 : 0);
  body.string(s.containerId);
  body.u32(namespaceFlags(s.joinNamespaces));
  body.u32(s.stallMs);
  body.string(s.cgroupOfBirth ?? '');
  body.list(s.cgroupFiles);
  body.list(s.cgroupDirectories);
  body.string(s.oomFile ?? '');
  body.u32(s.killAll ? 1 : 0);
  return body.finish();
}

function writeOps(body: ByteWriter, ops: readonly Op[]): void {
  body.u32(ops.length);
  for (const op of ops) {
    const { code, fields } = LAYOUTS[op.op];
    const values = op as unknown as Readonly<Record<string, unknown>>;
    body.u32(code | (op.optional === true ? OPTIONAL << 16 : 0));
    body.part(() => {
      for (const [name, type] of fields) WRITERS[type](body, values[name] as never);
    });
  }
}

/** The layouts tie each field to an operation that has it; what a field holds follows from the operation's own type. */
const WRITERS: { readonly [Type in FieldType]: (body: ByteWriter, value: never) => void } = {
  string: (body, value: string | undefined) => body.string(value ?? ''),
  u32: (body, value: number | undefined) => body.u32(value ?? 0),
  u64: (body, value: bigint) => body.u64(value),
  bool: (body, value: boolean | undefined) => body.u32(value === true ? 1 : 0),
  bytes: (body, value: Uint8Array) => body.bytes(value),
  list: (body, value: readonly string[]) => body.list(value),
  u32s: writeNumbers,
  letter: (body, value: string) => body.u32(value.charCodeAt(0)),
  attributes: (body, value: readonly MountAttribute[]) =>
    body.u32(value.reduce((flags, name) => flags | ATTRIBUTE_FLAGS[name], 0)),
  propagation: (body, value: PropagationType | undefined) =>
    body.u32(value === undefined ? 0 : PROPAGATION_FLAGS[value]),
  namespace: (body, value: NamespaceName) => body.u32(NAMESPACE_FLAGS[value]),
  namespaces: (body, value: readonly NamespaceName[]) => body.u32(namespaceFlags(value)),
};

function writeNumbers(body: ByteWriter, values: readonly number[]): void {
  body.u32(values.length);
  for (const value of values) body.u32(value);
}
