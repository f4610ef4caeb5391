/**
 * `node TREE/bundle/make.js`: makes of the compiled tree that it stands in one file for the command line and one for the
 * engine, in `TREE/bundle`. Node takes a second to find and link some six hundred modules and a few milliseconds to read
 * one. The unbundled tree stays what tests run.
 */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, type Plugin } from 'esbuild';

const tree = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');

/**
 * The text of a bundle is a function of these names, since it is `load.cts` that runs it, with V8's compiled form.
 */
const frame = {
  banner: { js: '(function (exports, require, module, __filename, __dirname, moduleUrl) {' },
  footer: { js: '})' },
};

/** A module that asks where it is hears where its own file is, not where the bundle is. */
const keepPlaces: Plugin = {
  name: 'keep places',
  setup({ onLoad }) {
    onLoad({ filter: /\.js$/ }, async ({ path: file }) => {
      if (file.includes('/node_modules/')) return undefined;
      const text = await readFile(file, 'utf8');
      const place = path.relative(path.join(tree, 'bundle'), file);
      return { contents: text.replaceAll('import.meta.url', `new URL(${JSON.stringify(place)}, moduleUrl).href`) };
    });
  },
};

/**
 * oclif's files, as TypeScript wrote them, load all that they might need. Here each is loaded when it is first used:
 * `const a_1 = require("b")` becomes a property that loads it, and `a_1` a look at that.
 */
const loadLate: Plugin = {
  name: 'load late',
  setup({ onLoad }) {
    onLoad({ filter: /@oclif\/core\/lib\/.*\.js$/ }, async ({ path: file }) => {
      let text = await readFile(file, 'utf8');
      const loads = /^const (\w+) = ((?:__import\w+\()?require\("[^"]+"\)\)?);$/gm;
      const names = [...text.matchAll(loads)].map(([, name]) => name!);
      const late = (_: string, name: string, load: string) =>
        `let ${name}$loaded; const ${name}$ = { get it() { return ${name}$loaded ??= ${load}; } };`;
      text = text.replace(loads, late);
      for (const name of names) text = text.replace(new RegExp(`(?<![\\w.$'"/])${name}(?=[.)])`, 'g'), `${name}$.it`);
      return { contents: text };
    });
  },
};

/**
 * undici's index loads its web half too (fetch, web sockets, caches, mocks), three times as long as what the registries' transport
 * takes of it. In a bundle the index is these two ways out.
 */
const undiciCore: Plugin = {
  name: 'undici core',
  setup({ onLoad }) {
    onLoad({ filter: /\/node_modules\/undici\/index\.js$/ }, () => ({
      contents: `
        Object.assign(require('./lib/dispatcher/dispatcher').prototype, require('./lib/api'));
        exports.Agent = require('./lib/dispatcher/agent');
        Object.defineProperty(exports, 'ProxyAgent', {
          enumerable: true,
          get: () => require('./lib/dispatcher/proxy-agent'),
        });`,
    }));
  },
};

async function bundle(entry: string, name: string): Promise<void> {
  await build({
    ...frame,
    entryPoints: [path.join(tree, entry)],
    outfile: path.join(tree, 'bundle', name),
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node20',
    minifySyntax: true,
    minifyWhitespace: true,
    legalComments: 'none',
    plugins: [loadLate, undiciCore, keepPlaces],
    define: { 'import.meta.url': 'moduleUrl' },
    // Native code, and what oclif loads only for plugins written in TypeScript.
    external: ['lmdb', 'typescript'],
    logLevel: 'warning',
  });
}

await Promise.all([bundle('src/main.js', 'cli.cjs'), bundle('runtime/main/serve.js', 'engine.cjs')]);
