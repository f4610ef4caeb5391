import type { Op, Plan } from '../model/plan.js';

/** What an op is about, as a person names it. */
function subjectOf(op: Op): string {
  switch (op.do) {
    case 'image.pull':
    case 'image.build':
    case 'image.remove':
      return op.image;
    case 'container.rename':
      return `${op.name} -> ${op.to}`;
    case 'container.wait':
      return `${op.name} ${op.until}${op.steadyMs ? ` for ${op.steadyMs / 1000} s` : ''}`;
    case 'update.delay':
      return `${op.ms / 1000} s before ${op.name}`;
    default:
      return op.name;
  }
}

/** One line a step: number, op, subject, why, and what it comes after. */
export function renderPlan(plan: Plan): string {
  const width = (pick: (index: number) => string) => Math.max(0, ...plan.steps.map((_, index) => pick(index).length));
  const digits = width((index) => String(plan.steps[index]!.id));
  const verbs = width((index) => plan.steps[index]!.op.do);
  const subjects = width((index) => subjectOf(plan.steps[index]!.op));
  const lines = plan.steps.map(({ id, op, because, after }) => {
    const start = `${String(id).padStart(digits)} ${op.do.padEnd(verbs)} ${subjectOf(op).padEnd(subjects)}`;
    return `${start}  ${reasonOf(op, because)}${after.length ? `  after ${after.join(', ')}` : ''}`;
  });
  return lines.map((line) => `${line}\n`).join('');
}

function reasonOf(op: Op, because: string): string {
  return op.do === 'container.create' && op.replaces ? `replaces ${op.replaces.name}: ${because}` : because;
}
