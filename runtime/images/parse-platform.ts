import type { Platform } from './types.js';

/** `linux/arm64/v8`, `arm64`, `linux` (containerd's platforms.Parse, the common part). Throws a sentence. */
export function parsePlatform(text: string, host: Platform): Platform {
  checkPlatform(text);
  const parts = text.toLowerCase().split('/');
  if (parts.length === 1) {
    const word = parts[0]!;
    if (OSES.has(word)) return { ...host, os: word };
    return { os: host.os, ...architecture(word, undefined) };
  }
  return { os: parts[0]!, ...architecture(parts[1]!, parts[2]) };
}

/** Throws containerd's sentence for what no platform is written as; a word alone has to be one that is known. */
export function checkPlatform(text: string): void {
  const parts = text.toLowerCase().split('/');
  const odd = parts.find((part) => !/^[a-z0-9_.-]+$/.test(part));
  if (odd !== undefined) {
    const rule = 'platform specifier component must match "^[A-Za-z0-9_.-]+$"';
    throw new Error(`"${odd}" is an invalid component of "${text}": ${rule}: invalid argument`);
  }
  if (parts.length > 3) throw new Error(`"${text}": cannot parse platform specifier: invalid argument`);
  const { architecture: name } = architecture(parts[0]!, undefined);
  if (parts.length === 1 && !OSES.has(parts[0]!) && !ARCHITECTURES.has(name))
    throw new Error(`"${text}": unknown operating system or architecture: invalid argument`);
}

/** Go's names. */
const OSES = new Set(
  'aix android darwin dragonfly freebsd hurd illumos ios js linux nacl netbsd openbsd plan9 solaris windows zos'.split(
    ' ',
  ),
);
const ARCHITECTURES = new Set(
  '386 amd64 amd64p32 arm armbe arm64 arm64be loong64 mips mipsle mips64 mips64le mips64p32 mips64p32le ppc ppc64 ppc64le riscv riscv64 s390 s390x sparc sparc64 wasm'.split(
    ' ',
  ),
);

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
