/** What clients may ask of us. */
import { hostPlatform } from '../../../engine/images.js';
import type { WorkerRecord } from '../proto/messages.js';

const gateway = [
  'frontend.caps',
  'frontend.inputs',
  'gateway.evaluate',
  'gateway.solve.evaluate',
  'gateway.solve.metadata',
  'gateway.warnings',
  'importcaches',
  'proto.refarray',
  'readdir',
  'readfile',
  'reference.output',
  'resolveimage',
  'resolveimage.resolvemode',
  'return',
  'returnmap',
  'solve.base',
  'solve.inlinereturn',
  'statfile',
];

/** Of the operations of definitions: those that clients look for before they offer something. */
const definitions = [
  'constraints',
  'exec.meta.base',
  'exec.meta.network',
  'exec.meta.proxyenv',
  'exec.meta.ulimit',
  'exec.mount.bind',
  'exec.mount.cache',
  'exec.mount.cache.sharing',
  'exec.mount.secret',
  'exec.mount.ssh',
  'exec.mount.tmpfs',
  'exec.mount.tmpfs.size',
  'exec.secretenv',
  'exporter.multiple',
  'exporter.sourcedateepoch',
  'history.filter',
  'meta.description',
  'platform',
  'source.git',
  'source.git.keepgitdir',
  'source.http',
  'source.image',
  'source.local',
  'source.local.excludepatterns',
  'source.local.followpaths',
  'source.local.sessionid',
  'source.local.sharedkeyhint',
];

const enabled = (names: readonly string[]) => names.map((ID) => ({ ID, Enabled: true }));

export const frontendCapabilities = enabled(gateway);
export const definitionCapabilities = enabled(definitions);

/** The BuildKit whose protocol this is, which clients compare with what they need. */
const buildkitVersion = 'v0.25.2';

export interface WorkerFacts {
  readonly id: string;
  /** Of devenv. */
  readonly version: string;
  readonly cacheLimitBytes: number;
  /** Address under which steps reach this machine: what clients write for `host-gateway`. */
  readonly hostGateway: string;
}

const hourNs = 3_600_000_000_000;

export function worker({ id, version, cacheLimitBytes, hostGateway }: WorkerFacts): WorkerRecord {
  const { os, architecture, variant } = hostPlatform(process.arch);
  return {
    ID: id,
    Labels: { 'org.mobyproject.buildkit.worker.moby.host-gateway-ip': hostGateway },
    platforms: [{ OS: os, Architecture: architecture, ...(variant ? { Variant: variant } : {}) }],
    GCPolicy: [
      { all: false, keepDuration: 7 * 24 * hourNs, filters: ['type==source.local'] },
      { all: true, maxUsedSpace: cacheLimitBytes },
    ],
    BuildkitVersion: {
      package: 'github.com/moby/buildkit',
      version: `${buildkitVersion}+devenv.${version}`,
      revision: '',
    },
  };
}
