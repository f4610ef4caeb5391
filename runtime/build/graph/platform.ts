import { formatPlatform } from '../../images/platform.js';
import type { Platform } from '../../images/types.js';

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
