/** What a build will need, for those who fetch a context from a client that is asked for no more than that. */
export { globToRegExp } from '../build/match/glob.js';
export { ignoreLines } from '../build/match/patterns.js';
export { type BuildPlan, type PlannedStage, planBuild } from '../build/plan.js';
export { PROVENANCE, provenanceOf } from '../build/provenance.js';
export { BuildFailure } from '../build/solve/failures.js';
