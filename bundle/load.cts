/**
 * Runs a bundle with V8's compiled form of it, kept in the user's cache folder: compiling takes longer than most commands.
 * Node 20 has nothing of its own for that (`module.enableCompileCache` came with 22).
 */
import fs = require('node:fs');
import path = require('node:path');
import vm = require('node:vm');
import zlib = require('node:zlib');

interface Bundle {
  readonly exports: Record<string, unknown>;
  /** Keeps what was compiled in this run, if there is news. */
  keep(): void;
}

type Body = (
  exports: object,
  require: NodeJS.Require,
  module: object,
  filename: string,
  dirname: string,
  moduleUrl: string,
) => void;

/**
 * `moduleUrl`: what `import.meta.url` says in there. `kind`: what this run is about (a command's name): each has a file of
 * its own, with just the functions that it needs.
 */
function loadBundle(file: string, moduleUrl: string, kind: string): Bundle {
  const source = fs.readFileSync(file, 'latin1');
  const cacheFile = cachePath(file, kind);
  const cachedData = readCache(cacheFile);
  const script = new vm.Script(source, {
    filename: file,
    ...(cachedData ? { cachedData } : {}),
    importModuleDynamically: vm.constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
  });
  const known = cachedData !== undefined && script.cachedDataRejected === false;
  const module = { exports: {} };
  const body = script.runInThisContext() as Body;
  body(module.exports, require, module, file, path.dirname(file), moduleUrl);
  return {
    exports: module.exports,
    keep: () => {
      if (!known && cacheFile !== undefined) writeCache(cacheFile, script.createCachedData());
    },
  };
}

/** A name for this text, this Node and this kind of run. Undefined: there is no folder for it. */
function cachePath(file: string, kind: string): string | undefined {
  const { env } = process;
  const base = env.XDG_CACHE_HOME || (env.HOME ? path.join(env.HOME, '.cache') : undefined);
  if (base === undefined || !path.isAbsolute(base) || env.DEVENV_CODE_CACHE === '0') return undefined;
  const { mtimeMs, size } = fs.statSync(file);
  const place = zlib.crc32(file).toString(36);
  const name = `${path.basename(file, '.cjs')}-${place}-${kind.replace(/[^a-z0-9-]/g, '_')}`;
  return path.join(base, 'devenv', `code-${process.version}`, `${name}.${Math.floor(mtimeMs).toString(36)}${size}`);
}

const headBytes = 8;
const mark = 0x64657631;

/** V8 trusts what it is given but for its own version and flags, so whole and ours is checked here. */
function readCache(file: string | undefined): Buffer | undefined {
  if (file === undefined) return undefined;
  let handle: number | undefined;
  try {
    handle = fs.openSync(file, fs.constants.O_RDONLY | fs.constants.O_NOFOLLOW);
    const { uid, size } = fs.fstatSync(handle);
    if (uid !== process.getuid?.() || size <= headBytes) return undefined;
    const bytes = Buffer.allocUnsafeSlow(size);
    if (fs.readSync(handle, bytes) !== size || bytes.readUInt32LE(0) !== mark) return undefined;
    const data = bytes.subarray(headBytes);
    return zlib.crc32(data) === bytes.readUInt32LE(4) ? data : undefined;
  } catch {
    return undefined; // the first run, or a folder that cannot be read: compiling works without
  } finally {
    if (handle !== undefined) fs.closeSync(handle);
  }
}

/** Root in somebody's home (sudo) would leave a folder there that its owner cannot write to. */
function isOwn(home: string): boolean {
  const found = fs.statSync(home, { throwIfNoEntry: false });
  return found === undefined || found.uid === process.getuid?.();
}

/** Under a name of its own first, since another run may be reading. What an earlier build left of the same kind goes. */
function writeCache(file: string, data: Buffer): void {
  const head = Buffer.alloc(headBytes);
  head.writeUInt32LE(mark, 0);
  head.writeUInt32LE(zlib.crc32(data), 4);
  const folder = path.dirname(file);
  if (!isOwn(path.dirname(path.dirname(path.dirname(folder))))) return;
  const temporary = `${file}.${process.pid}`;
  try {
    fs.mkdirSync(folder, { recursive: true, mode: 0o700 });
    fs.writeFileSync(temporary, Buffer.concat([head, data]), { mode: 0o600 });
    const stem = `${path.basename(file).replace(/\.[^.]*$/, '')}.`;
    for (const name of fs.readdirSync(folder)) {
      const whole = path.join(folder, name);
      if (name.startsWith(stem) && whole !== temporary) fs.rmSync(whole, { force: true });
    }
    fs.renameSync(temporary, file);
  } catch {
    // a full or read-only disk: the next run compiles again
  }
}

export = { loadBundle };
