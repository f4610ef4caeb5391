import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Descriptor } from '../../../runtime/images/manifest.js';
import { choosePlatform, formatPlatform } from '../../../runtime/images/platform.js';

const platforms = suite('platform');

const entry = (text: string): Descriptor => {
  const [os = '', architecture = '', variant] = text.split('/');
  const platform = { os, architecture, ...(variant ? { variant } : {}) };
  return { mediaType: '', digest: `sha256:${text}`, size: 0, platform };
};
const index = ['linux/amd64', 'unknown/unknown', 'linux/arm/v5', 'linux/arm/v7', 'linux/arm64/v8', 'windows/amd64'].map(
  entry,
);
const choose = (os: string, architecture: string, variant?: string) =>
  choosePlatform(index, { os, architecture, ...(variant ? { variant } : {}) })?.digest.slice(7);

platforms('the entry that fits, the highest variant where none is asked for', () => {
  assert.is(choose('linux', 'amd64'), 'linux/amd64');
  assert.is(choose('linux', 'arm'), 'linux/arm/v7');
  assert.is(choose('linux', 'arm', 'v5'), 'linux/arm/v5');
  assert.is(choose('linux', 'arm64'), 'linux/arm64/v8');
  assert.is(choose('linux', 'arm', 'v6'), 'linux/arm/v5', 'the next lower one');
  assert.is(choose('linux', 'amd64', 'v3'), 'linux/amd64');
  assert.is(choose('linux', 's390x'), undefined);
});

platforms('a lone entry without a platform is taken', () => {
  const lone = { mediaType: '', digest: 'sha256:x' as const, size: 0 };
  assert.is(choosePlatform([lone], { os: 'linux', architecture: 'amd64' }), lone);
  assert.is(formatPlatform({ os: 'linux', architecture: 'arm', variant: 'v7' }), 'linux/arm/v7');
});

platforms.run();
