import { EngineError } from '../errors.js';
import type { Launcher } from '../launch/types.js';
import {
  type FirewallNetwork,
  type FirewallPort,
  type Outside,
  renderPortChange,
  renderRuleset,
} from './firewall-rules.js';
import { outboundAddress } from './machine-routes.js';
import { type InstallPrograms, provideNft } from './nft-program.js';

/**
 * The engine's table in the kernel's packet filter. Changes that come while nft runs are applied together by the next
 * run; networks replace the whole table in one transaction, ports only add and delete elements.
 */
export class Firewall {
  readonly #launcher: Launcher;
  readonly #table: string;
  readonly #install: InstallPrograms;
  #networks: readonly FirewallNetwork[] = [];
  readonly #ports = new Map<string, readonly FirewallPort[]>();
  #added: FirewallPort[] = [];
  #removed: FirewallPort[] = [];
  #whole = false;
  #nft: Promise<string> | undefined;
  #running: Promise<void> | undefined;
  #next: Promise<void> | undefined;

  constructor(launcher: Launcher, table: string, install: InstallPrograms) {
    this.#launcher = launcher;
    this.#table = table;
    this.#install = install;
  }

  /** Resolves when the kernel has these networks; throws `system` with what nft said. */
  setNetworks(networks: readonly FirewallNetwork[]): Promise<void> {
    this.#networks = networks;
    this.#whole = true;
    return this.#apply();
  }

  /** The ports of one container; an empty list takes them away. */
  setPorts(owner: string, ports: readonly FirewallPort[]): Promise<void> {
    const before = this.#ports.get(owner) ?? [];
    if (before.length === 0 && ports.length === 0) return Promise.resolve();
    this.#removed.push(...before.filter((port) => !this.#added.includes(port)));
    this.#added = [...this.#added.filter((port) => !before.includes(port)), ...ports];
    if (ports.length === 0) this.#ports.delete(owner);
    else this.#ports.set(owner, ports);
    return this.#apply();
  }

  /** Both sides in one transaction: no packet meets neither or both. When it fails, the first keeps what it had. */
  async movePorts(from: string, to: string, ports: readonly FirewallPort[]): Promise<void> {
    const before = this.#ports.get(from) ?? [];
    const taken = this.setPorts(from, []);
    try {
      await Promise.all([taken, this.setPorts(to, ports)]);
    } catch (error) {
      void this.setPorts(to, []).catch(() => undefined);
      await this.setPorts(from, before).catch(() => undefined);
      throw error;
    }
  }

  /** Waits for what was asked for so far. */
  async settled(): Promise<void> {
    await (this.#next ?? this.#running)?.catch(() => undefined);
  }

  #apply(): Promise<void> {
    if (this.#next !== undefined) return this.#next;
    const turn = (this.#running ?? Promise.resolve())
      .catch(() => undefined)
      .then(() => {
        this.#running = turn;
        this.#next = undefined;
        return this.#flush();
      });
    this.#next = turn;
    return turn;
  }

  async #flush(): Promise<void> {
    const whole = this.#whole;
    const change = renderPortChange(this.#table, this.#added, this.#removed);
    this.#whole = false;
    this.#added = [];
    this.#removed = [];
    if (!whole && (change === '' || this.#networks.length === 0)) return;
    if (!whole && (await this.#run(change)) === undefined) return;
    try {
      await this.#replace();
    } catch (error) {
      this.#whole = true;
      throw error;
    }
  }

  /** The whole table in one transaction, whatever is there: what was killed meanwhile may be done again. */
  async #replace(): Promise<void> {
    const ruleset = this.#render(await this.#outside());
    if ((await this.#run(ruleset)) === undefined) return;
    const refused = await this.#run(ruleset);
    if (refused !== undefined) throw new EngineError('system', `nft refused the rules of this engine: ${refused}`);
  }

  #render(outside: Outside | undefined): string {
    const ports = [...this.#ports.values()].flat();
    return renderRuleset(this.#table, this.#networks, ports, outside);
  }

  async #outside(): Promise<Outside | undefined> {
    const { rootless } = this.#launcher.machine;
    if (rootless === undefined) return undefined;
    const machineAddress = await outboundAddress();
    const hasLink = rootless.wayOut.kind !== 'carried';
    return { ...rootless.carried, hasLink, ...(machineAddress && { machineAddress }) };
  }

  /** What nft complained of, or how it came to no end. */
  async #run(script: string): Promise<string | undefined> {
    this.#nft ??= provideNft(this.#install);
    this.#nft.catch(() => {
      this.#nft = undefined;
    });
    const { rootless } = this.#launcher.machine;
    const command = [...(rootless?.within ?? []), await this.#nft, '-f', '-'];
    try {
      const { code, stderr } = await this.#launcher.spawn(command, script);
      return code === 0 ? undefined : stderr.trim();
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  }
}
