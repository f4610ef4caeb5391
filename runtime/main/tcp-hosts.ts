/** Listening for clients of other machines: only where it is asked for, and only with TLS and certificates of clients. */
import { readFileSync } from 'node:fs';
import type { TlsMaterial } from '../api/server.js';

export interface TcpHost {
  readonly host: string;
  readonly port: number;
  readonly files: { readonly ca: string; readonly cert: string; readonly key: string };
}

/** The keys of Docker's `daemon.json`. */
interface TcpSettings {
  readonly hosts?: readonly string[];
  readonly tlscacert?: string;
  readonly tlscert?: string;
  readonly tlskey?: string;
}

/** Docker's port for it. */
const TLS_PORT = 2376;

/** Throws an Error with a sentence for what is no such address, and for one without all three files. */
export function tcpHosts({ hosts = [], tlscacert, tlscert, tlskey }: TcpSettings): TcpHost[] {
  return hosts.map((text) => {
    const [, bracketed, plain, port] = /^tcp:\/\/(?:\[([^\]]+)\]|([^/:]*))(?::(\d+))?\/?$/.exec(text) ?? [];
    const host = bracketed ?? plain;
    if (host === undefined || Number(port ?? 0) > 65_535)
      throw new Error(`"hosts" has ${JSON.stringify(text)}, which is no tcp://ADDRESS:PORT`);
    if (tlscacert === undefined || tlscert === undefined || tlskey === undefined)
      throw new Error(
        `"hosts" asks for ${text}: whoever reaches it has all of this machine, so it is served with TLS and certificates ` +
          'of clients alone; give "tlscacert", "tlscert" and "tlskey"',
      );
    const files = { ca: tlscacert, cert: tlscert, key: tlskey };
    return { host: host || '0.0.0.0', port: Number(port ?? TLS_PORT), files };
  });
}

/** Throws the system's error for a file that cannot be read. */
export function readTlsMaterial({ files }: TcpHost): TlsMaterial {
  return { ca: readFileSync(files.ca), cert: readFileSync(files.cert), key: readFileSync(files.key) };
}
