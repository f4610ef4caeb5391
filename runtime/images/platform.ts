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
 * The entry of an index that fits: same system and processor; the wanted variant where one is wanted, else the
 * highest. Attestations (`unknown/unknown`) never fit.
 */
export function choosePlatform(manifests: readonly Descriptor[], wanted: Platform): Descriptor | undefined {
  const fits = manifests.filter(
    ({ platform }) => platform?.os === wanted.os && platform.architecture === wanted.architecture,
  );
  const variantOf = (one: Descriptor) => normalVariant(one.platform);
  if (wanted.variant !== undefined) {
    const variant = normalVariant(wanted);
    return fits.find((one) => variantOf(one) === variant);
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

function onlyUnnamed(manifests: readonly Descriptor[]): Descriptor | undefined {
  return manifests.length === 1 && manifests[0]?.platform === undefined ? manifests[0] : undefined;
}
