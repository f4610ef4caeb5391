import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { Environment } from './paths.js';
import { type TcpHost, tcpHosts } from './tcp-hosts.js';

/** What a person may set of the engine, read once when it starts. */
export interface EngineConfig {
  /** The process' own variables over what the files say in their place. */
  readonly environment: Environment;
  /** What one layer of an image from elsewhere may come to, unpacked. */
  readonly layerLimitBytes: number;
  /** How layers are kept; undefined: by overlay where that works. */
  readonly storageDriver?: 'overlay2' | 'vfs';
  /** Where clients of other machines are listened for. */
  readonly hosts: readonly TcpHost[];
}

const LAYER_LIMIT_BYTES = 100 * 2 ** 30;

/**
 * `/etc/devenv/engine.json`, and over it `HOME/engine.json`; neither has to be there. Their keys are those of Docker's
 * `daemon.json` where that has them. Throws an Error with a sentence that names the file and what is wrong in it.
 *
 *     {
 *       "registry-mirrors": ["https://mirror.example"],
 *       "mirrors": {"registry.example": ["https://near.example:5000"]},
 *       "insecure-registries": ["registry.local:5000", "10.0.0.0/8"],
 *       "certs-dirs": ["/srv/certs.d"],
 *       "proxies": {"http-proxy": "…", "https-proxy": "…", "no-proxy": "…"},
 *       "max-layer-size": "20g",
 *       "storage-driver": "vfs",
 *       "hosts": ["tcp://0.0.0.0:2376"], "tlscacert": "/…/ca.pem", "tlscert": "/…/cert.pem", "tlskey": "/…/key.pem"
 *     }
 */
export function readEngineConfig(home: string, env: Environment): EngineConfig {
  const files = [env.DEVENV_ENGINE_CONFIG ?? '/etc/devenv/engine.json', path.join(home, 'engine.json')];
  const settings: Settings = Object.assign({}, ...files.map(readSettings));
  const proxies = settings.proxies ?? {};
  const mirrors = Object.entries(settings.mirrors ?? {}).flatMap(([of, urls]) => urls.map((url) => `${of}=${url}`));
  const said: Record<string, string | undefined> = {
    DEVENV_REGISTRY_MIRRORS: [...(settings['registry-mirrors'] ?? []), ...mirrors].join(','),
    DEVENV_INSECURE_REGISTRIES: (settings['insecure-registries'] ?? []).join(','),
    DEVENV_CERTS_DIRS: [...(settings['certs-dirs'] ?? []), path.join(home, 'certs.d')].join(':'),
    HTTP_PROXY: proxies['http-proxy'],
    HTTPS_PROXY: proxies['https-proxy'],
    NO_PROXY: proxies['no-proxy'],
  };
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined && value !== ''));
  return {
    environment: { ...said, ...withoutTwins(said, given), ...given },
    layerLimitBytes: parseBytes(settings['max-layer-size'] ?? LAYER_LIMIT_BYTES),
    hosts: tcpHosts(settings),
    ...storageDriver(env.DEVENV_STORAGE_DRIVER || settings['storage-driver']),
  };
}

interface Settings {
  readonly 'registry-mirrors'?: readonly string[];
  readonly mirrors?: Readonly<Record<string, readonly string[]>>;
  readonly 'insecure-registries'?: readonly string[];
  readonly 'certs-dirs'?: readonly string[];
  readonly proxies?: { readonly 'http-proxy'?: string; readonly 'https-proxy'?: string; readonly 'no-proxy'?: string };
  readonly 'max-layer-size'?: number | string;
  readonly 'storage-driver'?: string;
  readonly hosts?: readonly string[];
  readonly tlscacert?: string;
  readonly tlscert?: string;
  readonly tlskey?: string;
}

/** A key's form: whether a value has it. */
const forms: { readonly [K in keyof Required<Settings>]: (value: unknown) => boolean } = {
  'registry-mirrors': isTexts,
  mirrors: (value) => isMap(value) && Object.values(value).every(isTexts),
  'insecure-registries': isTexts,
  'certs-dirs': isTexts,
  proxies: (value) => isMap(value) && Object.values(value).every((one) => typeof one === 'string'),
  'max-layer-size': (value) => /^\d+ *[kmgt]?b?$/i.test(String(value)),
  'storage-driver': isStorageDriver,
  hosts: isTexts,
  tlscacert: isPath,
  tlscert: isPath,
  tlskey: isPath,
};

function isPath(value: unknown): boolean {
  return typeof value === 'string' && path.isAbsolute(value);
}

function isStorageDriver(value: unknown): value is 'overlay2' | 'vfs' {
  return value === 'overlay2' || value === 'vfs';
}

function storageDriver(said: string | undefined): Pick<EngineConfig, 'storageDriver'> {
  if (said === undefined) return {};
  if (isStorageDriver(said)) return { storageDriver: said };
  throw new Error(`there is no storage driver "${said}": DEVENV_STORAGE_DRIVER can be overlay2 or vfs`);
}

function readSettings(file: string): Settings {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {};
    throw new Error(`cannot read the engine's configuration ${file}: ${(error as Error).message}`, { cause: error });
  }
  const value = parse(file, text);
  for (const [key, one] of Object.entries(value)) {
    const isRight = forms[key as keyof Settings];
    if (!isRight) throw new Error(`${file}: unknown key "${key}"; there are ${Object.keys(forms).join(', ')}`);
    if (!isRight(one)) throw new Error(`${file}: "${key}" cannot be ${JSON.stringify(one)}`);
  }
  return value as Settings;
}

function parse(file: string, text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    if (isMap(value)) return value;
  } catch (error) {
    throw new Error(`${file} is no JSON: ${(error as Error).message}`, { cause: error });
  }
  throw new Error(`${file} is no JSON object`);
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isTexts(value: unknown): boolean {
  return Array.isArray(value) && value.every((one) => typeof one === 'string');
}

/** `https_proxy` beats what a file says as `HTTPS_PROXY`. */
function withoutTwins(said: Record<string, string | undefined>, given: Environment): Environment {
  const twins = Object.keys(said).flatMap((name) => {
    const small = given[name.toLowerCase()];
    return small === undefined ? [] : [[name, small] as const];
  });
  return Object.fromEntries(twins);
}

function parseBytes(text: number | string): number {
  const [, digits = '', unit = ''] = /^(\d+) *([kmgt]?)b?$/i.exec(String(text)) ?? [];
  return Number(digits) * 1024 ** ['', 'k', 'm', 'g', 't'].indexOf(unit.toLowerCase());
}
