import type { Timestamp } from '../proto/messages.js';

/** Now, or a moment in milliseconds since the epoch. */
export function timestamp(ms = Date.now()): Timestamp {
  const seconds = Math.floor(ms / 1000);
  return { seconds, nanos: Math.round((ms - seconds * 1000) * 1e6) };
}
