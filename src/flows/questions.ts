import readline from 'node:readline/promises';
import type { Plan } from '../model/plan.js';
import type { Session } from './session.js';

/** Asks what only the person can decide. Gives the ids of what got a yes; the plan is made again with them. */
export async function agreedTo(session: Session, plan: Plan, yes: boolean): Promise<string[]> {
  const agreed: string[] = [];
  for (const { id, text, defaultAnswer } of plan.questions) {
    if (yes || (await ask(session, text, defaultAnswer))) agreed.push(id);
  }
  return agreed;
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
