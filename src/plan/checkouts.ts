import { composeLabel } from '../model/labels.js';
import type { Observed } from '../model/observed.js';
import type { Project } from '../model/project.js';
import type { Draft } from './draft.js';
import { isLive } from './orphans.js';

/** Two folders with one project name (two checkouts with the same `name:`) take each other's containers: that is told. */
export function warnOfOtherCheckout(draft: Draft, project: Project, { containers }: Observed): void {
  const folders = containers
    .filter((one) => !one.oneOff && isLive(one.state))
    .map((one) => one.labels[composeLabel.workingDir])
    .filter((folder) => folder !== undefined && folder !== project.workingDir);
  const [other] = folders;
  if (other === undefined) return;
  draft.warn(
    `The project "${project.name}" also runs from ${other}, and its containers become those of this folder. With another name (-p NAME, or COMPOSE_PROJECT_NAME in .env) both run side by side.`,
  );
}
