import readline from 'node:readline/promises';
import type { Plan } from '../model/plan.js';
import type { Session } from './session.js';

/** Asks what only the person can decide; steps that got a no are left out, with what comes after them. */
export async function answerQuestions(session: Session, plan: Plan, yes: boolean): Promise<Plan> {
  const refused = new Set<number>();
  for (const question of plan.questions) {
    const answer = yes || (await ask(session, question.text, question.defaultAnswer));
    if (!answer) for (const step of question.steps) refused.add(step);
  }
  if (refused.size === 0) return plan;
  const kept = plan.steps.filter((step) => !refused.has(step.id));
  const steps = kept.map((step) => ({ ...step, after: step.after.filter((id) => !refused.has(id)) }));
  return { ...plan, steps };
}

/** Without a terminal the default answer stands. */
export async function ask({ world }: Session, text: string, defaultAnswer: boolean): Promise<boolean> {
  if (!world.stdin.isTTY || !world.stderr.isTTY) return defaultAnswer;
  const reader = readline.createInterface({ input: world.stdin, output: world.stderr });
  try {
    const answer = (await reader.question(`${text} ${defaultAnswer ? '[Y/n]' : '[y/N]'} `)).trim().toLowerCase();
    return answer === '' ? defaultAnswer : answer.startsWith('y');
  } finally {
    reader.close();
  }
}
