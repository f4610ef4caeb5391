import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import { findPort } from '../flows/port.js';
import { DevenvCommand } from './base/command.js';

export default class Port extends DevenvCommand {
  static override summary = 'Say where a port of a service can be reached';
  static override examples = ['<%= config.bin %> port web 80'];
  static override args = {
    service: Args.string({ required: true, description: 'service' }),
    port: Args.integer({ required: true, description: 'port in the container' }),
  };
  static override flags = {
    protocol: Flags.string({ options: ['tcp', 'udp'], default: 'tcp', description: 'protocol' }),
    index: Flags.integer({ description: 'number of the container' }),
    format: Flags.string({ options: ['text', 'json'], default: 'text', description: 'how it is printed' }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Port);
    await this.withSession(flags, async (session) => {
      const found = await findPort(session, { ...args, protocol: flags.protocol, index: flags.index });
      const text = flags.format === 'json' ? JSON.stringify(found) : `${found.host}:${found.port}`;
      await session.terminal.data(`${text}\n`);
    });
  }
}
