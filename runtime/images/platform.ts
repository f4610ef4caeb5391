import type { Descriptor } from './manifest.js';
import type { Platform } from './types.js';

/** Node's names of processors → those of OCI images (Go's GOARCH). */
const architectures: Readonly<Record<string, string>> = { x64: 'amd64', ia32: '386', arm64: 'arm64', arm: 'arm' };

/** This machine's, `linux` always. */
export function hostPlatform(arch: string): Platform {
  return { os: 'linux', architecture: architectures[arch] ?? arch };
}

/** `linux/arm/v7`. */
export function formatPlatform(platform: Platform): string {
  return [platform.os, platform.architecture, platform.variant].filter(Boolean).join('/');
}

/**
 * The entry of an index that fits: same system and processor; the wanted variant where one is wanted, or the next lower
 * one that a processor of it runs too, else the highest. Attestations (`unknown/unknown`) never fit.
 */
export function choosePlatform(manifests: readonly Descriptor[], wanted: Platform): Descriptor | undefined {
  const fits = manifests.filter(
    ({ platform }) => platform?.os === wanted.os && platform.architecture === wanted.architecture,
  );
  const variantOf = (one: Descriptor) => normalVariant(one.platform);
  if (wanted.variant !== undefined) {
    const found = ladderOf(wanted).map((variant) => fits.find((one) => variantOf(one) === variant));
    return found.find((one) => one !== undefined);
  }
  return [...fits].sort((a, b) => variantOf(b).localeCompare(variantOf(a)))[0] ?? onlyUnnamed(manifests);
}

/** A variant counts only where both have one. */
export function isSamePlatform(a: Platform, b: Platform): boolean {
  if (a.os !== b.os || a.architecture !== b.architecture) return false;
  return a.variant === undefined || b.variant === undefined || normalVariant(a) === normalVariant(b);
}

/** `arm64/v8` and `arm64` are the same. */
function normalVariant(platform: Platform | undefined): string {
  const variant = platform?.variant ?? '';
  return platform?.architecture === 'arm64' && variant === 'v8' ? '' : variant;
}

/** What a processor of this variant runs, the best first: `v7` → v7, v6, v5 (containerd's platforms, `platformVector`). */
function ladderOf(wanted: Platform): string[] {
  const variant = normalVariant(wanted);
  const lowest = { arm: 5, amd64: 1 }[wanted.architecture];
  const highest = Number(/^v(\d+)$/.exec(variant)?.[1]);
  if (lowest === undefined || !(highest >= lowest)) return [variant];
  const rungs = Array.from({ length: highest - lowest + 1 }, (_, index) => `v${highest - index}`);
  return wanted.architecture === 'amd64' ? [...rungs, ''] : rungs;
}

function onlyUnnamed(manifests: readonly Descriptor[]): Descriptor | undefined {
  return manifests.length === 1 && manifests[0]?.platform === undefined ? manifests[0] : undefined;
}
