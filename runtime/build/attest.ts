/** What a build says of its result, beside it. */
import type { Image, NewImage, Platform } from '../images/types.js';
import { PROVENANCE, provenanceOf } from './provenance.js';
import { findPackages, SPDX, spdxDocument } from './sbom.js';
import { epochOf } from './solve/epoch.js';
import { chainOf, type StageState } from './solve/state.js';
import { type ViewLease, viewTree } from './solve/views.js';
import type { BuildOptions } from './types.js';

export interface Finished {
  readonly id: string;
  readonly options: BuildOptions;
  readonly lease: ViewLease;
  readonly platform: Platform;
  readonly startedMs: number;
  readonly materials: ReadonlyMap<string, Image>;
}

export async function attest(finished: Finished, state: StageState): Promise<NonNullable<NewImage['attestations']>> {
  const { options, lease, platform, materials, id } = finished;
  const epoch = epochOf(options);
  const time = (ms: number) => new Date(epoch === undefined ? ms : epoch * 1000).toISOString();
  const said: { predicateType: string; predicate: object }[] = [];
  if (options.provenance !== undefined) {
    const times = { startedOn: time(finished.startedMs), finishedOn: time(Date.now()) };
    said.push({ predicateType: PROVENANCE, predicate: provenanceOf({ materials, options, platform, id, ...times }) });
  }
  if (options.sbom) {
    const packages = await findPackages(await viewTree(lease, chainOf(state)));
    const name = options.tags[0] ?? 'image';
    said.push({ predicateType: SPDX, predicate: spdxDocument(name, time(Date.now()), packages) });
  }
  return said;
}
