import { overlayOptions } from './overlay-options.js';
import type { PackedGzip, TarPack, TarResult, TarRoot, TarUnpack } from './types.js';

/**
 * Requests of the tar jobs as runtime/launcher/tar_request.c reads them: the body of a frame, in the terms of
 * runtime/launcher/launcher.h (u32, u64, string, list; little-endian).
 */

/** Names of what can fail in a tar job, for LaunchError.operation, by the code in a failure's frame. */
export const tarOperations: Readonly<Record<number, string>> = {
  1000: 'tar.request',
  1001: 'tar.root',
  1002: 'tar.path',
  1003: 'tar.archive',
  1004: 'tar.escape',
  1005: 'tar.overwrite',
  1006: 'tar.entry',
  1007: 'tar.walk',
  1008: 'tar.output',
  1009: 'tar.limit',
};

type Field =
  | { readonly u32: number }
  | { readonly i64: bigint }
  | { readonly text: string }
  | { readonly list: readonly string[] };

const modes = { plain: 0, layer: 1, tree: 2 } as const;

/**
 * Body of a `job_unpack` request; the archive is `file`, or follows on the same connection, its end by half-closing.
 * `rootless`: overlays are mounted as an engine without root has to.
 */
export function encodeUnpack(options: TarUnpack, { file = '', rootless = false } = {}): Uint8Array {
  return encodeFields([
    ...rootFields(options.root, rootless),
    { text: options.path },
    { u32: modes[options.mode] },
    flag(options.userXattr),
    { list: options.parents ?? [] },
    flag(options.createPath),
    flag(options.noOverwriteDirNonDir),
    flag(options.owner !== undefined),
    { u32: options.owner?.uid ?? 0 },
    { u32: options.owner?.gid ?? 0 },
    flag(options.inflate),
    flag(options.digest),
    { i64: BigInt(options.limitBytes ?? 0) },
    flag(options.takeTop),
    { text: file },
  ]);
}

/** Body of a `job_pack` request; answered by data frames (REPLY_DATA) and an empty REPLY_OK. */
export function encodePack(options: TarPack, { rootless = false } = {}): Uint8Array {
  return encodeFields([
    ...rootFields(options.root, rootless),
    { text: options.path },
    { u32: modes[options.mode] },
    flag(options.userXattr),
    { text: options.rename ?? '' },
    flag(options.followTop),
    flag(options.clampMtime !== undefined),
    { i64: BigInt(options.clampMtime ?? 0) },
    { list: options.below ?? [] },
  ]);
}

/** The answer to a `job_unpack`: u64 entries, u64 bytes of files, u64 bytes of the plain tar, text: its SHA-256 in hex or nothing. */
export function decodeUnpacked(body: Uint8Array): TarResult {
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  const number = (at: number) => Number(view.getBigUint64(at, true));
  const hex = Buffer.from(body)
    .subarray(28, 28 + view.getUint32(24, true))
    .toString('latin1');
  const tar = hex === '' ? {} : { tar: { digest: `sha256:${hex}` as const, bytes: number(16) } };
  return { files: number(0), bytes: number(8), ...tar };
}

/** The answer to a `job_pack_gzip`: u64 bytes and text (SHA-256 in hex) of the plain archive, then of the compressed one. */
export function decodePackedGzip(body: Uint8Array): PackedGzip {
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  const side = (at: number) => {
    const hex = Buffer.from(body).toString('latin1', at + 12, at + 12 + view.getUint32(at + 8, true));
    return { digest: `sha256:${hex}` as const, bytes: Number(view.getBigUint64(at, true)) };
  };
  // Behind each text is a NUL that its length does not count.
  return { plain: side(0), packed: side(12 + view.getUint32(8, true) + 1) };
}

function rootFields(root: TarRoot, rootless: boolean): Field[] {
  const overlay = root.kind === 'overlay' ? root : undefined;
  return [
    { u32: { directory: 0, process: 1, overlay: 2, file: 3 }[root.kind] },
    { text: 'path' in root ? root.path : '' },
    { u32: root.kind === 'process' ? root.pid : 0 },
    { list: overlay?.lower ?? [] },
    { text: overlay?.upper ?? '' },
    { text: overlay?.work ?? '' },
    { text: overlay?.mountpoint ?? '' },
    { list: (overlay?.binds ?? []).flatMap((bind) => [bind.source, bind.target]) },
    { list: overlay ? overlayOptions(rootless) : [] },
  ];
}

const flag = (value: boolean | undefined): Field => ({ u32: value ? 1 : 0 });

function encodeFields(fields: readonly Field[]): Uint8Array {
  return Buffer.concat(fields.map(encodeField));
}

function encodeField(field: Field): Buffer {
  if ('u32' in field) return u32(field.u32);
  if ('text' in field) return text(field.text);
  if ('list' in field) return Buffer.concat([u32(field.list.length), ...field.list.map(text)]);
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64LE(field.i64);
  return bytes;
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

/** Length, bytes, and a NUL that the length does not count. */
function text(value: string): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([u32(bytes.length), bytes, Buffer.of(0)]);
}
