import * as Flags from '@oclif/core/flags';
import { checkEngine, type EngineCheck } from '../../flows/engine.js';
import { DevenvCommand } from '../base/command.js';

export default class Check extends DevenvCommand {
  static override summary = 'Read all that the engine keeps of images, and name what is damaged';
  static override flags = {
    repair: Flags.boolean({ description: 'take away what is damaged: the next pull or build brings it again' }),
    format: Flags.string({ options: ['text', 'json'], default: 'text', description: 'how it is printed' }),
  };

  async run(): Promise<void> {
    const { flags } = await this.parse(Check);
    await this.withSession(flags, async (session) => {
      const report = await checkEngine(session, flags.repair ?? false);
      await session.terminal.data(flags.format === 'json' ? `${JSON.stringify(report)}\n` : inWords(report));
      return report.problems.every((problem) => problem.repaired) ? 0 : 1;
    });
  }
}

function inWords({ problems, blobs, layers, images }: EngineCheck): string {
  const lines = problems.map(
    ({ kind, id, text, repaired }) => `${kind} ${id}: ${text}${repaired ? ' (taken away)' : ''}`,
  );
  const verdict =
    problems.length === 0 ? 'Nothing is damaged' : `${problems.length} problem${problems.length === 1 ? '' : 's'}`;
  return [...lines, `${verdict} in ${images} images, ${layers} layers, ${blobs} blobs.`, ''].join('\n');
}
