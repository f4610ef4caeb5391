/** Where an image comes from: SLSA provenance v0.2 (slsa.dev/provenance/v0.2), in the form that BuildKit writes. Pure. */
import { formatPlatform } from '../images/platform.js';
import type { Image, Platform } from '../images/types.js';
import type { BuildOptions } from './types.js';

export const PROVENANCE = 'https://slsa.dev/provenance/v0.2';

interface Given {
  readonly id: string;
  readonly optional?: true;
}

export interface ProvenanceFacts {
  /** Base images under the names that the Dockerfile has for them. */
  readonly materials: ReadonlyMap<string, Image>;
  readonly options: Pick<BuildOptions, 'buildArgs' | 'labels' | 'target' | 'dockerfile' | 'provenance'>;
  readonly platform: Platform;
  /** What RUN was given without a trace of it in the image. */
  readonly secrets?: readonly Given[];
  readonly ssh?: readonly Given[];
  readonly id: string;
  /** RFC 3339. */
  readonly startedOn: string;
  readonly finishedOn: string;
}

export function provenanceOf(facts: ProvenanceFacts): object {
  const { materials, options, platform, id, startedOn, finishedOn } = facts;
  const isMax = options.provenance === 'max';
  return {
    builder: { id: '' },
    buildType: 'https://mobyproject.org/buildkit@v1',
    materials: [...materials].map(([name, image]) => materialOf(name, image)),
    invocation: {
      configSource: { entryPoint: 'path' in options.dockerfile ? options.dockerfile.path : 'Dockerfile' },
      parameters: {
        frontend: 'dockerfile.v0',
        ...(isMax ? { args: argsOf(options) } : {}),
        ...(facts.secrets?.length ? { secrets: facts.secrets } : {}),
        ...(facts.ssh?.length ? { ssh: facts.ssh } : {}),
        locals: [{ name: 'context' }, { name: 'dockerfile' }],
      },
      environment: { platform: formatPlatform(platform) },
    },
    metadata: {
      buildInvocationID: id,
      buildStartedOn: startedOn,
      buildFinishedOn: finishedOn,
      completeness: { parameters: isMax, environment: true, materials: false },
      reproducible: false,
    },
  };
}

function materialOf(name: string, image: Image): object {
  const digest = image.repoDigests[0]?.split('@sha256:')[1] ?? image.id.replace('sha256:', '');
  const [repository, tag = 'latest'] = name.replace(/@.*/, '').split(/:(?=[^/]*$)/);
  const platform = encodeURIComponent(formatPlatform(image.platform));
  return { uri: `pkg:docker/${repository}@${tag}?platform=${platform}`, digest: { sha256: digest } };
}

/** Only in the fullest form: values of arguments may be private. */
function argsOf({ buildArgs, labels, target }: ProvenanceFacts['options']): Record<string, string> {
  const given = Object.entries(buildArgs).map(([key, value]) => [`build-arg:${key}`, value ?? '']);
  const named = Object.entries(labels).map(([key, value]) => [`label:${key}`, value]);
  return Object.fromEntries([...given, ...named, ...(target ? [['target', target]] : [])]);
}
