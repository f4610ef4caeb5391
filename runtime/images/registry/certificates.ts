import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { SecureContext } from 'node:tls';

type Environment = Readonly<Record<string, string | undefined>>;

/** What a TLS connection is made with; PEM. */
export interface Certificates {
  /** None: nobody's certificate is checked. */
  readonly ca?: string[];
  readonly cert?: string;
  readonly key?: string;
}

/** The system's authorities where Debian, Fedora, Alpine and openSUSE keep them. */
const bundles = [
  '/etc/ssl/certs/ca-certificates.crt',
  '/etc/pki/tls/certs/ca-bundle.crt',
  '/etc/ssl/cert.pem',
  '/etc/ssl/ca-bundle.pem',
];

/**
 * Gives what connections to a host are made with. Each set of certificates is read once: a hundred authorities take tens
 * of milliseconds, for every connection again unless it is handed a context, and nobody else is served meanwhile.
 */
export function openSecureContexts(environment: Environment) {
  const made = new Map<string, SecureContext>();
  return async (host: string, { isChecked }: { readonly isChecked: boolean }): Promise<SecureContext> => {
    const { createSecureContext } = await import('node:tls');
    const { ca, ...identity } = await certificatesFor(host, environment);
    const certificates: Certificates = isChecked ? { ...identity, ca } : identity;
    const key = JSON.stringify(certificates);
    const context = made.get(key) ?? createSecureContext(certificates);
    made.set(key, context);
    return context;
  };
}

/**
 * Whom a registry's certificate is checked against: the authorities of the system (`SSL_CERT_FILE` in their place), and
 * those of the host's own folder below `DEVENV_CERTS_DIRS` (by colon), `/etc/devenv/certs.d` and `/etc/docker/certs.d`,
 * laid out as Docker reads it: `HOST:PORT/*.crt` are authorities, `*.cert` and `*.key` the client's certificate.
 */
async function certificatesFor(host: string, environment: Environment): Promise<Certificates> {
  const own = await hostCertificates(host, environment);
  const { rootCertificates } = await import('node:tls');
  const named = environment.SSL_CERT_FILE ? [environment.SSL_CERT_FILE] : bundles;
  const bundle = await firstText(named);
  const extra = await firstText(environment.NODE_EXTRA_CA_CERTS ? [environment.NODE_EXTRA_CA_CERTS] : []);
  const ca = [...(bundle === undefined ? rootCertificates : [bundle]), ...(extra === undefined ? [] : [extra])];
  return { ...own, ca: [...ca, ...own.ca] };
}

/** Of the host's folders alone; `ca` is empty where there are none. */
async function hostCertificates(host: string, environment: Environment) {
  const named = (environment.DEVENV_CERTS_DIRS ?? '').split(':').filter(Boolean);
  const found: { ca: string[]; cert?: string; key?: string } = { ca: [] };
  for (const directory of [...named, '/etc/devenv/certs.d', '/etc/docker/certs.d']) {
    for (const folder of spellings(host).map((one) => join(directory, one))) {
      for (const name of (await readdir(folder).catch(() => [])).sort()) {
        const text = () => readFile(join(folder, name), 'utf8');
        if (name.endsWith('.crt')) found.ca.push(await text());
        else if (name.endsWith('.cert')) found.cert ??= await text();
        else if (name.endsWith('.key')) found.key ??= await text();
      }
    }
  }
  return found;
}

/** The port that goes without saying may be said in an image's name. */
function spellings(host: string): string[] {
  return /:\d+$/.test(host) ? [host] : [host, `${host}:443`];
}

async function firstText(paths: readonly string[]): Promise<string | undefined> {
  for (const path of paths) {
    const text = await readFile(path, 'utf8').catch(() => undefined);
    if (text !== undefined) return text;
  }
  return undefined;
}
