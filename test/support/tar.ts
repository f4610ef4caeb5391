import { createHash } from 'node:crypto';
import { pack } from 'tar-stream';

/** A tar of text files; a value of `null` is a folder. */
export async function tarOf(files: Readonly<Record<string, string | null>>): Promise<Buffer> {
  const archive = pack();
  for (const [name, text] of Object.entries(files)) {
    if (text === null) archive.entry({ name, type: 'directory', mode: 0o755, mtime: new Date(0) });
    else archive.entry({ name, mode: 0o644, mtime: new Date(0) }, text);
  }
  archive.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of archive) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

export const sha256 = (bytes: string | Uint8Array) => createHash('sha256').update(bytes).digest('hex');

/** An archive as `docker save` writes it: one layer of text files under one name. */
export async function savedImage(name: string, files: Readonly<Record<string, string | null>>): Promise<Buffer> {
  const layer = await tarOf(files);
  const config = JSON.stringify({
    architecture: process.arch === 'arm64' ? 'arm64' : 'amd64',
    os: 'linux',
    created: '2024-01-02T03:04:05Z',
    config: { Env: ['PATH=/bin'], Cmd: ['/run'], Labels: { from: 'contract' } },
    history: [{ created: '2024-01-02T03:04:05Z', created_by: 'contract' }],
    rootfs: { type: 'layers', diff_ids: [`sha256:${sha256(layer)}`] },
  });
  const manifest = [{ Config: `${sha256(config)}.json`, RepoTags: [name], Layers: ['layer/layer.tar'] }];
  const archive = pack();
  archive.entry({ name: `${sha256(config)}.json` }, config);
  archive.entry({ name: 'layer', type: 'directory' });
  archive.entry({ name: 'layer/layer.tar' }, layer);
  archive.entry({ name: 'manifest.json' }, JSON.stringify(manifest));
  archive.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of archive) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
