/**
 * A Docker on the same machine (or ufw) sets the policy of `ip filter` FORWARD to DROP, for everybody's packets. Rules of
 * another table cannot undo that: an accept ends one table only. So our bridges are accepted in that chain.
 */

import type { Launcher } from '../launch/types.js';
import { findProgram } from './nft-program.js';

const PROGRAMS = ['iptables', 'ip6tables'] as const;

export class ForwardPolicy {
  readonly #launcher: Launcher;
  readonly #opened = new Set<string>();

  constructor(launcher: Launcher) {
    this.#launcher = launcher;
  }

  /** Lets packets of the bridge through where a policy would drop them. Never throws: without it outbound traffic fails, no more. */
  async open(bridge: string): Promise<void> {
    for (const program of PROGRAMS) {
      const path = await findProgram(program);
      if (path === undefined) continue;
      const chain = await this.#blockingChain(path);
      if (chain === undefined) continue;
      for (const rule of rulesOf(bridge)) {
        const present = await this.#launcher.spawn([path, '-w', '-C', chain, ...rule]);
        if (present.code !== 0) await this.#launcher.spawn([path, '-w', '-I', chain, ...rule]);
      }
      this.#opened.add(`${path} ${chain} ${bridge}`);
    }
  }

  async close(bridge: string): Promise<void> {
    for (const entry of this.#opened) {
      const [path = '', chain = '', name] = entry.split(' ');
      if (name !== bridge) continue;
      this.#opened.delete(entry);
      for (const rule of rulesOf(bridge)) await this.#launcher.spawn([path, '-w', '-D', chain, ...rule]);
    }
  }

  /** Docker's own chain for such rules where there is one: it survives Docker's restarts. */
  async #blockingChain(iptables: string): Promise<string | undefined> {
    const user = await this.#launcher.spawn([iptables, '-w', '-S', 'DOCKER-USER']);
    if (user.code === 0) return 'DOCKER-USER';
    const forward = await this.#launcher.spawn([iptables, '-w', '-S', 'FORWARD']);
    return forward.stdout.includes('-P FORWARD DROP') ? 'FORWARD' : undefined;
  }
}

function rulesOf(bridge: string): string[][] {
  return [
    ['-i', bridge, '-j', 'ACCEPT'],
    ['-o', bridge, '-j', 'ACCEPT'],
  ];
}
