/** What is told of a build that asked for no attestations: buildx writes it into its metadata file. */
import { createHash } from 'node:crypto';
import type { BuildOptions } from '../../../engine/build-context.js';
import { type BuildPlan, PROVENANCE, provenanceOf } from '../../../engine/build-plan.js';
import type { Engine } from '../../../engine/engine.js';
import type { Image } from '../../../engine/images.js';
import type { Job, Said } from '../control/jobs.js';

export function provenanceSaid(
  { foundations: { images } }: Engine,
  job: Job,
  {
    plan,
    options,
    image,
  }: { readonly plan: BuildPlan; readonly options: Omit<BuildOptions, 'ask'>; readonly image: Image },
): Said {
  const known = plan.images.flatMap(({ name }): [string, Image][] => {
    const found = images.find(options.contextImages?.[name] ?? name);
    return found ? [[name, found]] : [];
  });
  const predicate = provenanceOf({
    materials: new Map(known),
    // whole: buildx leaves out what was not asked for
    options: { ...options, provenance: 'max' },
    platform: image.platform,
    secrets: givenTo(plan, 'secret'),
    ssh: givenTo(plan, 'ssh'),
    id: job.ref,
    startedOn: new Date(job.createdMs).toISOString(),
    finishedOn: new Date().toISOString(),
  });
  const bytes = Buffer.from(JSON.stringify(predicate));
  const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
  return { digest, predicateType: PROVENANCE, bytes };
}

function givenTo({ parameters }: BuildPlan, wanted: 'secret' | 'ssh') {
  const given = parameters.filter(({ kind }) => kind === wanted);
  const optional = new Map(given.map(({ name, required }) => [name, !required]));
  return [...optional].map(([id, isOptional]) => ({ id, ...(isOptional ? { optional: true as const } : {}) }));
}
