/**
 * A Docker on the same machine (or ufw) sets the policy of `ip filter` FORWARD to DROP, for everybody's packets. Rules of
 * another table cannot undo that: an accept ends one table only. So our bridges are accepted in that chain.
 */

import { access } from 'node:fs/promises';
import type { Launcher } from '../launch/types.js';
import { findProgram } from './nft-program.js';

const PROGRAMS = ['iptables', 'ip6tables'] as const;

/** A chain that packets to and from our bridges must be let through in, with the rules that it has now. */
interface BlockingChain {
  readonly iptables: string;
  readonly chain: string;
  readonly rules: readonly string[];
}

export class ForwardPolicy {
  readonly #launcher: Launcher;
  readonly #prefix: string;

  /** `prefix` begins the names of all bridges that this engine names. */
  constructor(launcher: Launcher, prefix: string) {
    this.#launcher = launcher;
    this.#prefix = prefix;
  }

  /** Lets packets of the bridge through where a policy would drop them, and forgets bridges of an engine that was killed. */
  async open(bridge: string): Promise<void> {
    for (const blocking of await this.#blockingChains()) {
      for (const rule of rulesOf(bridge)) if (!blocking.rules.includes(rule)) await this.#change(blocking, '-I', rule);
      for (const gone of await this.#orphans(blocking)) await this.#change(blocking, '-D', gone);
    }
  }

  async close(bridge: string): Promise<void> {
    for (const blocking of await this.#blockingChains())
      for (const rule of rulesOf(bridge)) if (blocking.rules.includes(rule)) await this.#change(blocking, '-D', rule);
  }

  async #change({ iptables, chain }: BlockingChain, verb: '-I' | '-D', rule: string): Promise<void> {
    await this.#launcher.spawn([iptables, '-w', verb, chain, ...rule.split(' ')]);
  }

  async #orphans({ rules }: BlockingChain): Promise<string[]> {
    const orphans: string[] = [];
    for (const rule of rules) {
      const bridge = /^-[io] (\S+) -j ACCEPT$/.exec(rule)?.[1];
      if (bridge === undefined || !bridge.startsWith(this.#prefix)) continue;
      if (await isMissing(`/sys/class/net/${bridge}`)) orphans.push(rule);
    }
    return orphans;
  }

  async #blockingChains(): Promise<BlockingChain[]> {
    // In a network namespace of the engine's own nobody else has rules.
    if (this.#launcher.machine.rootless !== undefined) return [];
    const found: BlockingChain[] = [];
    for (const program of PROGRAMS) {
      const iptables = await findProgram(program);
      const blocking = iptables === undefined ? undefined : await this.#blockingChain(iptables);
      if (blocking !== undefined) found.push(blocking);
    }
    return found;
  }

  /** Docker's own chain for such rules where there is one: it survives Docker's restarts. */
  async #blockingChain(iptables: string): Promise<BlockingChain | undefined> {
    const user = await this.#launcher.spawn([iptables, '-w', '-S', 'DOCKER-USER']);
    if (user.code === 0) return { iptables, chain: 'DOCKER-USER', rules: listed(user.stdout, 'DOCKER-USER') };
    const forward = await this.#launcher.spawn([iptables, '-w', '-S', 'FORWARD']);
    if (!forward.stdout.includes('-P FORWARD DROP')) return undefined;
    return { iptables, chain: 'FORWARD', rules: listed(forward.stdout, 'FORWARD') };
  }
}

function listed(output: string, chain: string): string[] {
  const start = `-A ${chain} `;
  return output.split('\n').flatMap((line) => (line.startsWith(start) ? [line.slice(start.length).trim()] : []));
}

function rulesOf(bridge: string): string[] {
  return [`-i ${bridge} -j ACCEPT`, `-o ${bridge} -j ACCEPT`];
}

function isMissing(path: string): Promise<boolean> {
  return access(path).then(
    () => false,
    () => true,
  );
}
