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

/** A module of the tree that asks where it is hears where its own file is, not where the bundle is. */
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
    plugins: [keepPlaces],
    define: { 'import.meta.url': 'moduleUrl' },
    // Native code, and what oclif loads only for plugins written in TypeScript.
    external: ['lmdb', 'typescript'],
    logLevel: 'warning',
  });
}

await Promise.all([bundle('src/main.js', 'cli.cjs'), bundle('runtime/main/serve.js', 'engine.cjs')]);
