/** What streams are called in which API version. */
import type { ApiVersion } from './negotiation.js';

const raw = 'application/vnd.docker.raw-stream';
const multiplexed = 'application/vnd.docker.multiplexed-stream';

/** For attach and exec: `framed` says that stdout and stderr are told apart, on a connection that was upgraded. */
export function hijackedContentType(version: ApiVersion, framed: boolean): string {
  return framed && version.atLeast('1.42') ? multiplexed : raw;
}

/** For logs. */
export function logsContentType(version: ApiVersion, framed: boolean): string {
  return framed && version.atLeast('1.42') ? multiplexed : raw;
}
