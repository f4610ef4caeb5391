import * as Flags from '@oclif/core/flags';
import { drawGraph } from '../flows/graph.js';
import { DevenvCommand } from './base/command.js';
import { services } from './base/flags.js';

export default class Viz extends DevenvCommand {
  static override summary = 'Print the project as a graph, for Graphviz or Mermaid';
  static override examples = [
    '<%= config.bin %> viz --image --ports | dot -Tsvg > project.svg',
    '<%= config.bin %> viz --format mermaid --volumes',
  ];
  static override args = { services };
  static override flags = {
    format: Flags.string({ options: ['dot', 'mermaid'], default: 'dot', description: 'language of the graph' }),
    ports: Flags.boolean({ description: 'with ports' }),
    networks: Flags.boolean({ description: 'with networks' }),
    image: Flags.boolean({ description: 'with images' }),
    volumes: Flags.boolean({ description: 'with volumes' }),
    'indentation-size': Flags.integer({ default: 1, description: 'tabs or blanks a level' }),
    spaces: Flags.boolean({ description: 'blanks instead of tabs' }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Viz);
    const wish = {
      format: flags.format as 'dot' | 'mermaid',
      ports: flags.ports ?? false,
      networks: flags.networks ?? false,
      image: flags.image ?? false,
      volumes: flags.volumes ?? false,
      indent: (flags.spaces ? ' ' : '\t').repeat(flags['indentation-size']),
    };
    await this.withSession(flags, async (session) =>
      session.terminal.data(await drawGraph(session, args.services ?? [], wish)),
    );
  }
}
