import { formatPlatform } from '../../images/platform.js';
import type { Platform } from '../../images/types.js';

/** `linux/arm64/v8`, `arm64`, `linux` (containerd's platforms.Parse, the common part). Throws a sentence. */
export function parsePlatform(text: string, host: Platform): Platform {
  const parts = text.toLowerCase().split('/');
  if (parts.length > 3 || parts.some((part) => !/^[a-z0-9_.-]+$/.test(part))) {
    throw new Error(`"${text}" is an invalid OS and architecture`);
  }
  if (parts.length === 1) {
    const word = parts[0]!;
    if (OSES.has(word)) return { ...host, os: word };
    return { os: host.os, ...architecture(word, undefined) };
  }
  return { os: parts[0]!, ...architecture(parts[1]!, parts[2]) };
}

const OSES = new Set(['linux', 'windows', 'darwin', 'freebsd']);

function architecture(name: string, variant: string | undefined): { architecture: string; variant?: string } {
  const known: Record<string, { architecture: string; variant?: string }> = {
    x86_64: { architecture: 'amd64' },
    'x86-64': { architecture: 'amd64' },
    aarch64: { architecture: 'arm64' },
    armhf: { architecture: 'arm', variant: 'v7' },
    armel: { architecture: 'arm', variant: 'v6' },
    i386: { architecture: '386' },
    arm: { architecture: 'arm', variant: 'v7' },
  };
  const base = known[name] ?? { architecture: name };
  const dropped = base.architecture === 'arm64' && (variant === 'v8' || variant === '8');
  return variant === undefined || dropped ? base : { ...base, variant };
}

/** Whether an image of this platform will do. */
export function platformFits(has: Platform, wanted: Platform): boolean {
  const variant = wanted.variant === undefined || has.variant === undefined || has.variant === wanted.variant;
  return has.os === wanted.os && has.architecture === wanted.architecture && variant;
}

/** BUILDPLATFORM, TARGETOS and so on. */
export function platformArgs(build: Platform, target: Platform, stage: string): Map<string, string> {
  const family = (prefix: string, platform: Platform): [string, string][] => [
    [`${prefix}PLATFORM`, formatPlatform(platform)],
    [`${prefix}OS`, platform.os],
    [`${prefix}ARCH`, platform.architecture],
    [`${prefix}VARIANT`, platform.variant ?? ''],
  ];
  return new Map([...family('BUILD', build), ...family('TARGET', target), ['TARGETSTAGE', stage]]);
}
