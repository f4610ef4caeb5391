import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { Config, Plugin, settings } from '@oclif/core';

export const repoRoot = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../..');
export const manifestFile = path.join(repoRoot, 'oclif.manifest.json');

/**
 * The text of oclif.manifest.json, made from the compiled commands of the tree that this runs in. With it a command
 * starts without the others being loaded.
 */
export async function renderManifest(): Promise<string> {
  settings.enableAutoTranspile = false;
  const tree = path.relative(repoRoot, path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..'));
  const pjson = JSON.parse(readFileSync(path.join(repoRoot, 'package.json'), 'utf8'));
  pjson.oclif.commands.target = `./${tree}/src/commands`;
  const plugin = new Plugin({
    root: repoRoot,
    pjson,
    isRoot: true,
    ignoreManifest: true,
    errorOnManifestCreate: true,
    respectNoCacheDefault: true,
  });
  await plugin.load();
  const { commands, version } = plugin.manifest;
  const sorted = Object.keys(commands).sort();
  const entries = sorted.map((id) => [id, inDist(commands[id] as object, tree)]);
  return `${JSON.stringify({ commands: Object.fromEntries(entries), version }, undefined, 1)}\n`;
}

function inDist(command: object, tree: string): object {
  const { relativePath, ...rest } = command as { relativePath?: string[] };
  return {
    ...rest,
    ...(relativePath ? { relativePath: ['dist', ...relativePath.slice(tree.split('/').length)] } : {}),
  };
}

/** Loads the configuration as the CLI does, with the manifest. */
export function loadConfig(): Promise<Config> {
  return Config.load(repoRoot);
}
